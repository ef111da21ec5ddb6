import { type Answer, render } from '../../cli/output.ts'
import { duration, progressOn } from '../../cli/progress.ts'

const answer: Answer = {
  json: { rows: [1] },
  tables: [
    {
      columns: ['name', 'value'],
      rows: [
        ['a,"b"', 5],
        [null, 1234],
        ['', '0.10'],
      ],
    },
  ],
  head: ['head'],
  notes: ['note'],
}

describe('render', () => {
  it('writes JSON as one value and nothing else', () => {
    expect(JSON.parse(render(answer, 'json'))).toEqual({ rows: [1] })
  })

  it('writes CSV with its quotes, and tells null from an empty text', () => {
    expect(render(answer, 'csv')).toBe('name,value\n"a,""b""",5\n,1234\n"",0.10\n')
  })

  it('pads a table, numbers to the right, between head and notes', () => {
    expect(render(answer, 'table')).toBe(
      ['head', '', 'name   value', '-----  -----', 'a,"b"      5', 'null    1234', '        0.10', '', 'note', ''].join(
        '\n',
      ),
    )
  })

  it('shows what a terminal would act on as text', () => {
    const table = { columns: ['x'], rows: [['\u001b[31mred\nnext\u0007']] }
    expect(render({ json: null, tables: [table] }, 'table')).toContain('\\u001b[31mred\\u000anext\\u0007')
  })
})

describe('progress', () => {
  const onScreen = (isTTY: boolean) => {
    let [text, time] = ['', 0]
    const screen = { isTTY, columns: 20, write: (part: string) => (text += part) }
    const progress = progressOn(screen, () => time)
    return { progress, tick: (ms: number) => (time += ms), text: () => text }
  }

  it('replaces its line on a terminal, cut to its width', () => {
    const { progress, tick, text } = onScreen(true)
    progress.update('one')
    tick(200)
    progress.update('a line that is longer than the screen')
    progress.say('done')
    expect(text()).toBe('one\r\u001b[2Ka line that is long\r\u001b[2Kdone\n')
  })

  it('writes a line now and then elsewhere', () => {
    const { progress, tick, text } = onScreen(false)
    progress.update('one')
    progress.update('left out')
    tick(5000)
    progress.update('two')
    expect(text()).toBe('one\ntwo\n')
  })

  it('writes durations', () => {
    expect([12, 1234, 125_000].map(duration)).toEqual(['12 ms', '1.2 s', '2 min 05 s'])
  })
})
