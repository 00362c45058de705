"""LangChain, with its models for OpenAI, Anthropic and Google."""

from langchain_core.messages import (
    HumanMessage,
    ToolMessage,
    messages_from_dict,
    messages_to_dict,
)

from asked import CITY, QUESTION, TOOL

WEATHER = {
    "type": "function",
    "function": {"name": "weather", "description": "Weather", "parameters": TOOL},
}


def openai_chat(task, ask, piece):
    from langchain_openai import ChatOpenAI

    thinks = {"reasoning_effort": "low"} if ask["thinks"] else {}
    model = ChatOpenAI(
        model=ask["model"],
        api_key=task["key"],
        base_url=task["url"] + "/v1",
        max_retries=0,
        max_tokens=50,
        stream_usage=True,
        use_responses_api=False,
        **thinks,
    )
    return converse(model, task, ask, piece)


def openai_responses(task, ask, piece):
    from langchain_openai import ChatOpenAI

    thinks = {"reasoning": {"effort": "low", "summary": "auto"}} if ask["thinks"] else {}
    model = ChatOpenAI(
        model=ask["model"],
        api_key=task["key"],
        base_url=task["url"] + "/v1",
        max_retries=0,
        max_tokens=50,
        use_responses_api=True,
        store=False,
        include=["reasoning.encrypted_content"],
        **thinks,
    )
    return converse(model, task, ask, piece)


def anthropic(task, ask, piece):
    from langchain_anthropic import ChatAnthropic

    thinking = {"type": "adaptive", "display": "summarized"}
    thinks = {"thinking": thinking, "effort": "low"} if ask["thinks"] else {}
    model = ChatAnthropic(
        model=ask["model"],
        api_key=task["key"],
        base_url=task["url"],
        max_retries=0,
        max_tokens=50,
        **thinks,
    )
    return converse(model, task, ask, piece)


def google(task, ask, piece):
    from langchain_google_genai import ChatGoogleGenerativeAI

    thinks = {"thinking_level": "low", "include_thoughts": True} if ask["thinks"] else {}
    model = ChatGoogleGenerativeAI(
        model=ask["model"],
        api_key=task["key"],
        base_url=task["url"],
        # One try; 0 means five.
        max_retries=1,
        max_tokens=50,
        **thinks,
    )
    return converse(model, task, ask, piece)


def converse(model, task, ask, piece):
    history = task.get("history")
    if history is None:
        url = "data:image/png;base64," + task["png"]
        shown = [
            {"type": "text", "text": QUESTION},
            {"type": "image_url", "image_url": {"url": url}},
        ]
        messages = [HumanMessage(content=shown if ask["image"] else QUESTION)]
    else:
        messages = messages_from_dict(history)
        call = messages[-1].tool_calls[0]
        result = ToolMessage(task["result"], tool_call_id=call["id"], name=call["name"])
        messages.append(result)
    if ask["schema"]:
        structured = model.with_structured_output(
            {"title": "city", **CITY}, method="json_schema", include_raw=True
        )
        both = structured.invoke(messages)
        return {**told(both["raw"], messages), "object": both["parsed"]}
    bound = model.bind_tools([WEATHER]) if ask["tool"] else model
    if not ask["streams"]:
        return told(bound.invoke(messages), messages)
    whole = None
    for chunk in bound.stream(messages):
        if chunk.text != "":
            piece()
        whole = chunk if whole is None else whole + chunk
    return told(whole, messages)


def told(message, messages):
    thoughts = [
        block.get("reasoning", "")
        for block in message.content_blocks
        if block["type"] == "reasoning"
    ]
    usage = message.usage_metadata
    return {
        "text": str(message.text),
        "thoughts": "".join(thoughts),
        "calls": [{"name": call["name"], "args": call["args"]} for call in message.tool_calls],
        "tokens": usage["total_tokens"] if usage else None,
        "history": messages_to_dict([*messages, message]),
    }
