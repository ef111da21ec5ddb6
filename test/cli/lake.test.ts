import { type LakeManifest, lakeAnswer } from '../../cli/commands/lake.ts'
import { render } from '../../cli/output.ts'

const file = (name: string, rows: number) => ({ key: `lake/${name}`, rows, bytes: 10 * rows })
const manifest: LakeManifest = {
  datasetId: 'ds-1',
  lake: {
    sale: { '2026-03-02': [file('b', 2), file('c', 3)], '2026-03-01': [file('a', 1)] },
    _rejected: { '2026-03-05': [file('r', 4)] },
  },
  lakeColumns: {
    sale: [
      { name: 'total', field: 'total', type: 'decimal', scale: 2 },
      { name: 'device_os', field: 'device.os', type: 'string', scale: 0 },
      { name: 'data_', field: 'data', type: 'json', scale: 0 },
    ],
    visit: [],
  },
}

const told = (event?: string, of = manifest) => lakeAnswer(of, 'bucket', event, 'table')

describe('tidemark lake', () => {
  it('lists all events of the dataset, those without a file, and what was rejected', () => {
    expect(told().json).toEqual({
      dataset: 'ds-1',
      events: [
        { event: '_rejected', fields: 0, files: 1, rows: 4, bytes: 40, from: '2026-03-05', to: '2026-03-05' },
        { event: 'sale', fields: 3, files: 3, rows: 6, bytes: 60, from: '2026-03-01', to: '2026-03-02' },
        { event: 'visit', fields: 0, files: 0, rows: 0, bytes: 0, from: null, to: null },
      ],
    })
  })

  it("tells an event's columns, and which field each is of", () => {
    const { columns } = told('sale').json as { columns: { name: string; type: string; holds: string }[] }
    expect(columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      ...['event_id string', 'event_time timestamp', 'total decimal(18, 2)', 'device_os string', 'data_ string'],
      ...['shard_id string', 'sequence_number string', 'sub_sequence bigint', 'arrival_time timestamp'],
      ...['data string', 'data_base64 string', 'rejection_reason string', 'rejection_detail string'],
      ...['event_type string', 'event_date date'],
    ])
    expect(columns[3]?.holds).toBe('field device.os')
    expect(columns[4]?.holds).toBe('field data, as JSON')
  })

  it('names the files by date, for eyes, programs and spreadsheets', () => {
    expect(told('sale').json).toMatchObject({
      files: [
        { url: 's3://bucket/lake/a', date: '2026-03-01', rows: 1, bytes: 10 },
        { url: 's3://bucket/lake/b', date: '2026-03-02', rows: 2, bytes: 20 },
        { url: 's3://bucket/lake/c', date: '2026-03-02', rows: 3, bytes: 30 },
      ],
    })
    expect(render(lakeAnswer(manifest, 'bucket', '_rejected', 'csv'), 'csv')).toBe(
      'date,rows,bytes,url\n2026-03-05,4,40,s3://bucket/lake/r\n',
    )
    expect(render(told('sale'), 'table')).toContain('each event at or below its tidemark, once')
  })

  it('says what there is where nothing is called so, and where files have no columns yet', () => {
    expect(() => told('sales')).toThrow('Dataset ds-1 has no event sales; it has _rejected, sale, visit.')
    const { lakeColumns: _, ...older } = manifest
    expect(render(told('sale', older), 'table')).toContain('the next recompute writes them anew')
    expect((told('sale', older).json as { columns: unknown[] }).columns).toHaveLength(12)
  })
})
