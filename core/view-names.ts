import { type Bucket, buckets, divides } from './bucket.ts'
import type { ModelData } from './model.ts'

interface NamedView {
  readonly name: string
  readonly per: Bucket
}

/** A metric's views: its own, and one for each coarser bucket that its own divides, `departures`, `departures_day`, … */
export const viewsOfMetric = ({ name, per }: NamedView): NamedView[] => [
  { name, per },
  ...buckets
    .filter((bucket) => bucket !== per && divides(per, bucket))
    .map((bucket) => ({ name: `${name}_${bucket}`, per: bucket })),
]

/**
 * Of two views of one name only one would stand.
 * @throws where a metric or entity is called what another metric's view per a coarser bucket is
 */
export const refuseViewTwins = ({ metrics, derived = [], entities = [] }: Named): void => {
  const named = [
    ...[...metrics, ...derived].map(({ name }) => ({ what: 'Metric', name })),
    ...entities.map(({ name }) => ({ what: 'Entity', name })),
  ]
  for (const { name, per } of [...metrics, ...derived])
    for (const view of viewsOfMetric({ name, per }).slice(1)) {
      const twin = named.find((one) => one.name === view.name)
      if (twin !== undefined)
        throw new Error(
          `${twin.what} ${twin.name}: analytics.${view.name} is metric ${name} per ${view.per} already; rename ${twin.name}, or that metric.`,
        )
    }
}

type Named = Pick<ModelData, 'metrics' | 'derived' | 'entities'>
