/** A chat with any model behind the gateway: streamed, with images and tools. */

import { type ClipboardEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { type Model, ModelsService } from "#gen/polygate/v1/models_pb.js";
import { useRead } from "#web/data/refresh.ts";
import { type ChatSettings, noSettings, openCalls, type Picture } from "#web/pages/conversation.ts";
import { ToolResult, TurnView } from "#web/pages/turn.tsx";
import { useChat } from "#web/pages/use-chat.ts";
import "#web/styles/chat.css";

const picturesMax = 16;

/** All of it. */
export function Chat() {
  const [settings, setSettings] = useState(noSettings);
  const chat = useChat(settings);
  const end = useRef<HTMLDivElement>(null);
  const { turns, isBusy } = chat;
  // biome-ignore lint/correctness/useExhaustiveDependencies: whatever is new is to be seen
  useEffect(() => {
    // Newer browsers return a promise, which an effect must not.
    end.current?.scrollIntoView({ block: "nearest" });
  }, [turns]);
  const waiting = isBusy ? [] : openCalls(turns);
  const last = turns.at(-1);
  return (
    <div className="chat">
      <section className="panel" aria-label="Conversation">
        {turns.length === 0 && (
          <p className="empty">
            Ask something. Without a model named, the gateway chooses; images can be pasted.
          </p>
        )}
        <div className="turns">
          {turns.map((turn) => (
            <TurnView key={turn.id} turn={turn} isGrowing={isBusy && turn === last} />
          ))}
          {waiting.map((call) => (
            <ToolResult key={call.id} call={call} give={(text) => chat.giveResult(call.id, text)} />
          ))}
        </div>
        <div ref={end} />
        {/* Speaks once, at the end of an answer. */}
        <p className="hidden" role="status">
          {!isBusy && last?.role === "assistant" ? last.text : ""}
        </p>
        <Composer
          isBusy={isBusy}
          isWaiting={waiting.length > 0}
          send={chat.send}
          stop={chat.stop}
        />
        {turns.length > 0 && !isBusy && (
          <p className="row">
            <button type="button" onClick={chat.again}>
              Ask again
            </button>
            <button type="button" onClick={chat.clear}>
              New conversation
            </button>
          </p>
        )}
      </section>
      <Settings settings={settings} set={setSettings} />
    </div>
  );
}

interface ComposerProps {
  readonly isBusy: boolean;
  readonly isWaiting: boolean;
  readonly send: (text: string, pictures: readonly Picture[]) => void;
  readonly stop: () => void;
}

async function pictureOf(file: File): Promise<Picture> {
  const data = new Uint8Array(await file.arrayBuffer());
  return { name: file.name, mediaType: file.type, data, url: URL.createObjectURL(file) };
}

function Composer({ isBusy, isWaiting, send, stop }: ComposerProps) {
  const [text, setText] = useState("");
  const [pictures, setPictures] = useState<readonly Picture[]>([]);
  const add = async (files: Iterable<File>) => {
    const images = [...files].filter(({ type }) => type.startsWith("image/"));
    const added = await Promise.all(images.map(pictureOf));
    setPictures((before) => [...before, ...added].slice(0, picturesMax));
  };
  const canSend = !(isBusy || isWaiting) && (text.trim() !== "" || pictures.length > 0);
  const submit = () => {
    if (!canSend) return;
    send(text, pictures);
    setText("");
    setPictures([]);
  };
  const paste = ({ clipboardData }: ClipboardEvent) => void add(clipboardData.files);
  const key = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {pictures.length > 0 && (
        <ul className="row">
          {pictures.map(({ url, name }) => (
            <li key={url}>
              <img src={url} alt={name} />
              <button
                type="button"
                className="link"
                aria-label={`Take ${name} away`}
                onClick={() => setPictures((before) => before.filter((other) => other.url !== url))}
              >
                Remove
              </button>
            </li>
          ))}
        </ul>
      )}
      <textarea
        aria-label="Message"
        rows={3}
        value={text}
        onChange={({ target }) => setText(target.value)}
        onPaste={paste}
        onKeyDown={key}
      />
      <p className="row">
        {isBusy ? (
          // A node of its own: one that became the other while it is clicked would send the form.
          <button key="stop" type="button" className="primary" onClick={stop}>
            Stop
          </button>
        ) : (
          <button key="send" type="submit" className="primary" disabled={!canSend}>
            Send
          </button>
        )}
        <label>
          Image
          <input
            type="file"
            accept="image/png,image/jpeg,image/webp,image/gif"
            multiple
            onChange={({ target }) => {
              void add(target.files ?? []);
              target.value = "";
            }}
          />
        </label>
        <span className="small">Enter sends, Shift and Enter begin a line.</span>
      </p>
    </form>
  );
}

const answersChats = ({ type, capabilities }: Model) =>
  type === "chat" || (type === "" && capabilities.includes("text"));

function Settings(props: {
  readonly settings: ChatSettings;
  readonly set: (settings: ChatSettings) => void;
}) {
  const { settings, set } = props;
  const models = useRead(ModelsService.method.listModels, {}, { isFixed: true });
  const change = (part: Partial<ChatSettings>) => set({ ...settings, ...part });
  return (
    <section className="panel settings" aria-label="Settings">
      <label>
        Model, route or provider
        <input
          list="chat-models"
          value={settings.model}
          maxLength={256}
          placeholder="the gateway chooses"
          onChange={({ target }) => change({ model: target.value.trim() })}
        />
        <datalist id="chat-models">
          {models.data?.models.filter(answersChats).map(({ id, provider }) => (
            <option key={`${provider} ${id}`} value={id}>
              {provider}
            </option>
          ))}
        </datalist>
      </label>
      <label>
        System
        <textarea
          rows={3}
          value={settings.system}
          onChange={({ target }) => change({ system: target.value })}
        />
      </label>
      <label>
        Temperature
        <input
          type="number"
          min={0}
          max={2}
          step={0.1}
          value={settings.temperature}
          onChange={({ target }) => change({ temperature: target.value })}
        />
      </label>
      <label>
        Tokens at most
        <input
          type="number"
          min={1}
          value={settings.maxTokens}
          onChange={({ target }) => change({ maxTokens: target.value })}
        />
      </label>
      <label className="inline">
        <input
          type="checkbox"
          checked={settings.useTools}
          onChange={({ target }) => change({ useTools: target.checked })}
        />
        The core may use its own tools
      </label>
      <details>
        <summary>A tool of yours</summary>
        <label>
          Name
          <input
            value={settings.toolName}
            maxLength={128}
            onChange={({ target }) => change({ toolName: target.value.trim() })}
          />
        </label>
        <label>
          JSON Schema of its arguments
          <textarea
            rows={5}
            className="mono"
            value={settings.toolSchema}
            onChange={({ target }) => change({ toolSchema: target.value })}
          />
        </label>
        <p className="small">When the model calls it, you are asked for the result.</p>
      </details>
    </section>
  );
}
