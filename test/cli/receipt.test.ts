import { receiptLines, windowReceiptLines } from '../../cli/receipt.ts'
import { quoted } from '../messages.ts'

const receipt = {
  dataset: 'ds-1',
  tidemark: {},
  positions: {},
  exclusions: { batch: 0, speed: 1, stretches: {} },
  modelVersion: 'm',
  metricVersion: 'v',
  exact: true,
  error: null,
  errorKind: null,
}

it('a receipt says that events were excluded on one side only', () => {
  expect(receiptLines(receipt).join('\n')).toMatch(quoted('excluded'))
  expect(receiptLines({ ...receipt, exclusions: { batch: 1, speed: 1, stretches: {} } }).join('\n')).not.toMatch(
    quoted('excluded'),
  )
})

it('a window’s receipt says that it is refilling', () => {
  const window = { positions: {}, newestEventTime: null, modelVersion: 'm', refillingSince: null }
  const full = { ...window, from: '2026-01-01T00:00:00Z', to: '2026-01-01T00:05:00Z', sliceMs: 1000 }
  expect(windowReceiptLines({ ...full, refilling: true }).join('\n')).toMatch(quoted('refillingWindow'))
  expect(windowReceiptLines({ ...full, refilling: false }).join('\n')).not.toMatch(quoted('refillingWindow'))
})
