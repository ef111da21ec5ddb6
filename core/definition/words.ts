/** What a definition says of itself. It decides no value, and stands in no version. */
export interface Words {
  readonly describe: string | null
  readonly owner: string | null
}

/** The same as data. */
export const wordsOf = ({
  describe,
  owner,
}: Words): { readonly description: string | null; readonly owner?: string } => ({
  description: describe,
  ...(owner === null ? {} : { owner }),
})
