/** Draws a view again only when one of its properties is another value: for the rows of long lists. */
import { Component, type ComponentType, createElement, type FunctionComponent } from 'preact';

export function memo<Props extends object>(view: FunctionComponent<Props>): ComponentType<Props> {
  return class extends Component<Props> {
    override shouldComponentUpdate(next: Props): boolean {
      const keys = Object.keys(next) as (keyof Props)[];
      return keys.some((key) => next[key] !== this.props[key]);
    }

    override render() {
      return createElement(view, this.props as Props);
    }
  };
}
