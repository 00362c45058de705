/** Values by several texts each, such as the labels of a series. */

interface Node<V> {
  value: V | undefined;
  readonly next: Map<string, Node<V>>;
}

function emptyNode<V>(): Node<V> {
  return { value: undefined, next: new Map() };
}

/**
 * Found by a look-up for each text: texts that are used again have their hashes, where one key of all
 * would be put together, and hashed, every time. For keys of which there are few.
 */
export class TextsMap<V> {
  readonly #root: Node<V> = emptyNode();
  #size = 0;

  /** The number of values. */
  get size(): number {
    return this.#size;
  }

  /** The value of these texts; undefined where none was set. */
  get(texts: readonly string[]): V | undefined {
    let node: Node<V> | undefined = this.#root;
    for (let at = 0; at < texts.length && node !== undefined; at += 1) {
      node = node.next.get(texts[at] as string);
    }
    return node?.value;
  }

  /** Sets it, in the place of the one before, and returns it. */
  set(texts: readonly string[], value: V): V {
    let node = this.#root;
    for (const text of texts) {
      let next = node.next.get(text);
      if (next === undefined) {
        next = emptyNode();
        node.next.set(text, next);
      }
      node = next;
    }
    if (node.value === undefined) this.#size += 1;
    node.value = value;
    return value;
  }
}
