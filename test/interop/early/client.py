"""Uploads with httpx; see clients.ts for what comes in and goes out."""

import asyncio
import ssl
import sys

import httpx

times, timeout_ms, authority = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
tls = ssl.create_default_context(cafile=authority)


def body_of(size):
    return b'{"message":"' + (b"ink " * (size // 4))[: size - 14] + b'"}'


async def pieces(body):
    for start in range(0, len(body), 16384):
        yield body[start : start + 16384]


async def outcome(client, url, body, declared):
    headers = {"content-type": "application/json"}
    content = body if declared else pieces(body)
    try:
        call = client.post(url, content=content, headers=headers)
        response = await asyncio.wait_for(call, timeout_ms / 1000)
        return str(response.status_code)
    except Exception as error:
        return type(error).__name__


async def main():
    for line in sys.stdin:
        url, version, size, declared, _ = line.rstrip("\n").split("\t")
        body = body_of(int(float(size)))
        options = {"verify": tls, "http1": version == "1.1", "http2": version == "2"}
        async with httpx.AsyncClient(**options) as client:
            outcomes = [
                await outcome(client, url, body, declared == "true") for _ in range(times)
            ]
        print("\t".join(outcomes), flush=True)


asyncio.run(main())
