/** A mistake as somebody would write it. */
export interface Example {
  readonly title: string
  /** What the file is called; left out: `index.ts`. */
  readonly file?: string
  /** The text of `index.ts` after its first line, which imports the language. */
  readonly definitions: string
  /** Other files of the folder, by name. */
  readonly files?: Readonly<Record<string, string>>
  /** What `--sample` is given. */
  readonly sample?: string
}

export interface Group {
  readonly title: string
  readonly examples: readonly Example[]
}
