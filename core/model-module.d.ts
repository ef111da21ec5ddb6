/** The compiled definitions of the build that runs: `model.cjs`, which `scripts/build.ts` puts beside each bundle. */
declare module '#model' {
  export const loadModel: () => Promise<import('./model.ts').Model>
}
