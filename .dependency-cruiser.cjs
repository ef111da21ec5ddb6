/** Imports point one way (docs/architecture.md, "Layout"). */
const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })
const ours = '^(bin|cli|core|definitions|lambdas|lib|localstack|scripts|spark|sql|stores)/|^index\\.ts$'
const layers = ['archive', 'batch', 'serving', 'speed']

module.exports = {
  forbidden: [
    forbid(
      'no-cycles',
      'Two files that need each other are one.',
      {},
      { circular: true, dependencyTypesNot: ['type-only'] },
    ),
    forbid('core-is-pure', 'core imports nothing of ours.', { path: '^core/' }, { path: ours, pathNot: '^core/' }),
    forbid(
      'core-has-no-io',
      'core has no AWS, no clock, no environment and no I/O.',
      { path: '^core/' },
      {
        path: '^(@aws-sdk|@smithy|aws-cdk-lib|node:(fs|net|http|https|child_process|process))|node_modules/(@aws-sdk|@smithy)',
      },
    ),
    forbid(
      'sql-is-text',
      'sql renders text from core’s data.',
      { path: '^sql/' },
      { path: ours, pathNot: '^(sql|core)/' },
    ),
    forbid(
      'stores-need-core-only',
      'A store knows core, SQL and the recompute’s specification, never who uses it.',
      { path: '^stores/' },
      { path: ours, pathNot: '^(stores|core|sql|spark/specification)' },
    ),
    forbid(
      'sdk-in-stores-only',
      'Functions and the command line reach services by stores alone.',
      { path: '^(lambdas|cli|core|sql|spark)/' },
      { path: 'node_modules/(@aws-sdk|@smithy|iovalkey)' },
    ),
    forbid(
      'lambdas-need-stores-and-core',
      'A function never reaches for the stacks, the laptop stage or the definitions.',
      { path: '^lambdas/' },
      { path: ours, pathNot: '^(lambdas|stores|core|sql|spark/specification)' },
    ),
    ...layers.map((layer) =>
      forbid(
        `${layer}-imports-no-sibling`,
        'A layer never imports a sibling layer.',
        { path: `^(lambdas|lib/layers)/${layer}[/.]` },
        { path: `^(lambdas|lib/layers)/(${layers.filter((other) => other !== layer).join('|')})[/.]` },
      ),
    ),
    forbid('lib-is-cdk-only', 'lib describes resources.', { path: '^lib/' }, { path: ours, pathNot: '^(lib|core)/' }),
    forbid(
      'definitions-use-the-language-only',
      'What a user edits imports only the language.',
      { path: '^definitions/' },
      { path: ours, pathNot: '^(definitions/|index\\.ts$)' },
    ),
    forbid(
      'nobody-imports-definitions',
      'The build’s entry alone imports definitions.',
      { path: ours, pathNot: '^definitions/' },
      { path: '^definitions/' },
    ),
    forbid(
      'spark-needs-core',
      'The job’s worker runs core and nothing else of ours.',
      { path: '^spark/' },
      { path: ours, pathNot: '^(spark|core)/' },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
  },
}
