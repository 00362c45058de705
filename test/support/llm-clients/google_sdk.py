"""Google's own SDK, google-genai."""

import base64

from google import genai
from google.genai import types

from asked import CITY, QUESTION, TOOL


def generate(task, ask, piece):
    options = types.HttpOptions(base_url=task["url"])
    client = genai.Client(api_key=task["key"], http_options=options)
    history = task.get("history")
    if history is None:
        image = types.Part.from_bytes(data=base64.b64decode(task["png"]), mime_type="image/png")
        words = types.Part.from_text(text=QUESTION)
        parts = [words, image] if ask["image"] else [words]
        contents = [types.Content(role="user", parts=parts)]
    else:
        contents = [types.Content.model_validate(content) for content in history]
        call = next(part.function_call for part in contents[-1].parts if part.function_call)
        result = types.FunctionResponse(
            id=call.id, name=call.name, response={"output": task["result"]}
        )
        contents.append(types.Content(role="user", parts=[types.Part(function_response=result)]))
    config = types.GenerateContentConfig(
        max_output_tokens=50,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    if ask["thinks"]:
        config.thinking_config = types.ThinkingConfig(include_thoughts=True, thinking_level="LOW")
    if ask["tool"]:
        declaration = types.FunctionDeclaration(
            name="weather", description="Weather", parameters_json_schema=TOOL
        )
        config.tools = [types.Tool(function_declarations=[declaration])]
    if ask["schema"]:
        config.response_mime_type = "application/json"
        config.response_json_schema = CITY
    more = {"model": ask["model"], "contents": contents, "config": config}
    usage = None
    if ask["streams"]:
        parts = []
        finish = None
        for chunk in client.models.generate_content_stream(**more):
            candidate = chunk.candidates[0] if chunk.candidates else None
            if candidate and candidate.content:
                parts += candidate.content.parts or []
            finish = (candidate and candidate.finish_reason) or finish
            usage = chunk.usage_metadata or usage
            piece()
        # The SDK takes a stream that was cut for one that ended: its users look for the reason.
        if finish is None:
            raise RuntimeError("the stream ended without a reason")
    else:
        response = client.models.generate_content(**more)
        parts = response.candidates[0].content.parts or []
        usage = response.usage_metadata
    contents.append(types.Content(role="model", parts=parts))
    return {
        "text": "".join(part.text or "" for part in parts if not part.thought),
        "thoughts": "".join(part.text or "" for part in parts if part.thought),
        "calls": [
            {"name": part.function_call.name, "args": part.function_call.args}
            for part in parts
            if part.function_call
        ],
        "tokens": usage.total_token_count if usage else None,
        "history": [content.model_dump(mode="json", exclude_none=True) for content in contents],
    }
