"""Labels many images by a model of a gateway: CSV on stdout, a progress bar and failures on stderr."""

import argparse
import asyncio
import csv
import os
import sys
from pathlib import Path

import grpc
from polygate import AsyncPolygate, failure_of
from polygate.v1.predict_pb2 import PredictRequest
from tqdm import tqdm


async def label(polygate: AsyncPolygate, model: str, path: Path) -> tuple[str, float]:
    """The best label of one image, and its score."""
    request = PredictRequest(model=model, file=path.read_bytes(), top_k=1)
    best = (await polygate.predict.Predict(request)).classifications[0]
    return best.label, best.score


async def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("images", nargs="+", type=Path)
    arguments.add_argument("--model", default="digits")
    arguments.add_argument("--parallel", type=int, default=8, help="calls in progress at once")
    options = arguments.parse_args()
    url = os.environ.get("POLYGATE_URL", "http://localhost:8080")

    waiting = iter(options.images)
    rows: dict[Path, tuple[str, float]] = {}
    with tqdm(total=len(options.images), unit="image") as bar:

        async def work(polygate: AsyncPolygate) -> None:
            # All workers take from one iterator, so that each image is read once its turn has come.
            for path in waiting:
                try:
                    rows[path] = await label(polygate, options.model, path)
                except OSError as error:
                    bar.write(str(error), file=sys.stderr)
                except grpc.RpcError as error:
                    failure = failure_of(error)
                    bar.write(f"{path}: {failure.reason or failure.code.name}: {failure.message}", file=sys.stderr)
                bar.update()

        async with AsyncPolygate(url, api_key=os.environ.get("POLYGATE_KEY")) as polygate:
            await asyncio.gather(*(work(polygate) for _ in range(options.parallel)))

    out = csv.writer(sys.stdout)
    out.writerow(["file", "label", "score"])
    out.writerows([path, *rows[path]] for path in options.images if path in rows)
    return 0 if len(rows) == len(options.images) else 1


sys.exit(asyncio.run(main()))
