/** What is shown in place of a page that broke. */

import { Component, type ReactNode } from "react";

interface Props {
  /** Another page is another chance. */
  readonly place: string;
  readonly children: ReactNode;
}

interface State {
  readonly error: Error | undefined;
  readonly place: string;
}

/** Holds an error of its children; a page that is not on the server any more asks for a reload. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: undefined, place: this.props.place };

  static getDerivedStateFromError(error: Error): Partial<State> {
    return { error };
  }

  static getDerivedStateFromProps({ place }: Props, state: State): State | null {
    return place === state.place ? null : { error: undefined, place };
  }

  override render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    const isMissing = /import|module|preload/i.test(error.message);
    return (
      <div className="problem" role="alert">
        <h2>{isMissing ? "This page could not be loaded" : "This page has failed"}</h2>
        <p>
          {isMissing
            ? "The gateway is away, or has another version now. Loading the portal again takes what it has."
            : error.message}
        </p>
        <button type="button" onClick={() => location.reload()}>
          Load again
        </button>
      </div>
    );
  }
}
