"""SDKs in Python, driven line by line: a JSON request in, JSON replies out.

Each line in: {id, api, url, key, ask, history?, result?}. Lines out: {id, piece: true} for each piece
of text of a stream, then {id, reply} or {id, failure: {status, message}}. A call that `leaves` ends
with its first piece. `history` is what the reply told, given back with the result of its call.

Those of OpenAI and Anthropic are here; Google's and LangChain's are loaded when they are asked for.
"""

import importlib
import json
import sys
import threading

import anthropic
import openai

from asked import CITY, QUESTION, TOOL


class Left(Exception):
    """The client has left its own stream."""


def dumped(model):
    return model.model_dump(exclude_none=True)


def chat(task, ask, piece):
    client = openai.OpenAI(base_url=task["url"] + "/v1", api_key=task["key"], max_retries=0)
    messages = task.get("history")
    if messages is None:
        image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + task["png"]}}
        words = {"type": "text", "text": QUESTION}
        messages = [{"role": "user", "content": [words, image] if ask["image"] else QUESTION}]
    else:
        call = messages[-1]["tool_calls"][0]["id"]
        messages = messages + [{"role": "tool", "tool_call_id": call, "content": task["result"]}]
    more = {}
    if ask["thinks"]:
        more["reasoning_effort"] = "low"
    if ask["tool"]:
        function = {"name": "weather", "description": "Weather", "parameters": TOOL}
        more["tools"] = [{"type": "function", "function": function}]
    if ask["schema"]:
        schema = {"name": "city", "schema": CITY, "strict": True}
        more["response_format"] = {"type": "json_schema", "json_schema": schema}
    more.update(model=ask["model"], messages=messages, max_completion_tokens=50)
    if ask["streams"]:
        options = {"include_usage": True}
        with client.chat.completions.stream(**more, stream_options=options) as stream:
            for event in stream:
                if event.type == "content.delta":
                    piece()
            completion = stream.get_final_completion()
    else:
        completion = client.chat.completions.create(**more)
    message = completion.choices[0].message
    calls = message.tool_calls or []
    return {
        "text": message.content or "",
        "thoughts": getattr(message, "reasoning_content", None) or "",
        "calls": [
            {"name": call.function.name, "args": json.loads(call.function.arguments)}
            for call in calls
        ],
        "tokens": completion.usage.total_tokens if completion.usage else None,
        "history": messages + [dumped(message)],
    }


def respond(task, ask, piece):
    client = openai.OpenAI(base_url=task["url"] + "/v1", api_key=task["key"], max_retries=0)
    items = task.get("history")
    if items is None:
        image = {"type": "input_image", "image_url": "data:image/png;base64," + task["png"], "detail": "auto"}
        words = {"type": "input_text", "text": QUESTION}
        items = [{"role": "user", "content": [words, image] if ask["image"] else QUESTION}]
    else:
        call = [item for item in items if item.get("type") == "function_call"][0]["call_id"]
        items = items + [{"type": "function_call_output", "call_id": call, "output": task["result"]}]
    more = {}
    if ask["thinks"]:
        more["reasoning"] = {"effort": "low", "summary": "auto"}
    if ask["tool"]:
        tool = {"name": "weather", "description": "Weather", "parameters": TOOL, "strict": False}
        more["tools"] = [{"type": "function", **tool}]
    if ask["schema"]:
        schema = {"type": "json_schema", "name": "city", "schema": CITY, "strict": True}
        more["text"] = {"format": schema}
    include = ["reasoning.encrypted_content"]
    more.update(model=ask["model"], input=items, store=False, include=include)
    if ask["streams"]:
        with client.responses.stream(**more) as stream:
            for event in stream:
                if event.type == "response.output_text.delta":
                    piece()
            response = stream.get_final_response()
    else:
        response = client.responses.create(**more)
    summaries = [item.summary for item in response.output if item.type == "reasoning"]
    return {
        "text": response.output_text,
        "thoughts": "".join(part.text for summary in summaries for part in summary),
        "calls": [
            {"name": item.name, "args": json.loads(item.arguments)}
            for item in response.output
            if item.type == "function_call"
        ],
        "tokens": response.usage.total_tokens if response.usage else None,
        "history": items + [dumped(item) for item in response.output],
    }


def message(task, ask, piece):
    client = anthropic.Anthropic(base_url=task["url"], api_key=task["key"], max_retries=0)
    messages = task.get("history")
    if messages is None:
        source = {"type": "base64", "media_type": "image/png", "data": task["png"]}
        blocks = [{"type": "text", "text": QUESTION}, {"type": "image", "source": source}]
        messages = [{"role": "user", "content": blocks if ask["image"] else QUESTION}]
    else:
        calls = [block for block in messages[-1]["content"] if block["type"] == "tool_use"]
        result = {"type": "tool_result", "tool_use_id": calls[0]["id"], "content": task["result"]}
        messages = messages + [{"role": "user", "content": [result]}]
    more = {}
    output = {}
    if ask["thinks"]:
        more["thinking"] = {"type": "adaptive", "display": "summarized"}
        output["effort"] = "low"
    if ask["schema"]:
        output["format"] = {"type": "json_schema", "schema": CITY}
    if output:
        more["output_config"] = output
    if ask["tool"]:
        more["tools"] = [{"name": "weather", "description": "Weather", "input_schema": TOOL}]
    more.update(model=ask["model"], messages=messages, max_tokens=50)
    if ask["streams"]:
        with client.messages.stream(**more) as stream:
            for _ in stream.text_stream:
                piece()
            answer = stream.get_final_message()
    else:
        answer = client.messages.create(**more)
    return {
        "text": "".join(block.text for block in answer.content if block.type == "text"),
        "thoughts": "".join(block.thinking for block in answer.content if block.type == "thinking"),
        "calls": [
            {"name": block.name, "args": block.input}
            for block in answer.content
            if block.type == "tool_use"
        ],
        "tokens": answer.usage.input_tokens + answer.usage.output_tokens,
        "history": messages
        + [{"role": "assistant", "content": [dumped(block) for block in answer.content]}],
    }


APIS = {"chat": chat, "responses": respond, "messages": message}


def api(name):
    """The function of an API; `module:function` is another module's."""
    module, _, function = name.rpartition(":")
    return APIS[name] if module == "" else getattr(importlib.import_module(module), function)


def status_of(thrown):
    """HTTP status of an error, or of one that caused it; SDKs call it by several names."""
    while thrown is not None:
        status = getattr(thrown, "status_code", None) or getattr(thrown, "code", None)
        if isinstance(status, int):
            return status
        thrown = thrown.__cause__
    return None


WRITING = threading.Lock()


def tell(**line):
    with WRITING:
        print(json.dumps(line), flush=True)


def run(task):
    ask = task["ask"]

    def piece():
        tell(id=task["id"], piece=True)
        if task["leaves"]:
            raise Left()

    try:
        reply = api(task["api"])(task, ask, piece)
        if ask["schema"] and "object" not in reply:
            reply["object"] = json.loads(reply["text"])
        tell(id=task["id"], reply=reply)
    except Exception as thrown:
        failure = {"status": status_of(thrown), "message": str(thrown)}
        tell(id=task["id"], failure=failure)


for line in sys.stdin:
    threading.Thread(target=run, args=(json.loads(line),)).start()
