/** One number that matters, with its name and what it is made of. */

interface Props {
  readonly name: string;
  readonly value: string;
  readonly note?: string;
  readonly tone?: "ok" | "warn" | "bad" | undefined;
}

/** A tile. */
export function Tile({ name, value, note, tone }: Props) {
  return (
    <div className="tile">
      <dt>{name}</dt>
      <dd>
        <b className={tone}>{value}</b>
        {note !== undefined && <small>{note}</small>}
      </dd>
    </div>
  );
}
