import { decimal, z } from 'tidemark'
import { describeField } from '../../core/definition/fields.ts'

describe('a field as data', () => {
  it.each([
    [
      'limits of a number',
      z.int().min(0).lt(9),
      {
        kind: 'integer',
        checks: [
          { op: 'gte', value: 0 },
          { op: 'lt', value: 9 },
        ],
      },
    ],
    [
      '32 bits',
      z.int32(),
      {
        kind: 'integer',
        checks: [
          { op: 'gte', value: -2147483648 },
          { op: 'lt', value: 2147483648 },
        ],
      },
    ],
    [
      'lengths',
      z.string().min(1).max(8),
      {
        checks: [
          { op: 'minLength', value: 1 },
          { op: 'maxLength', value: 8 },
        ],
      },
    ],
    [
      'one length',
      z.string().length(3),
      {
        checks: [
          { op: 'minLength', value: 3 },
          { op: 'maxLength', value: 3 },
        ],
      },
    ],
    ['a default', z.boolean().default(false).nullable(), { optional: true, nullable: true, default: false }],
    ['the outer default', z.string().default('in').optional().default('out'), { default: 'out' }],
    ['a pattern, which is opaque', z.string().regex(/x/), { kind: 'string', opaque: true }],
    ['a format, which is opaque', z.iso.date(), { kind: 'string', opaque: true }],
    ['what is nested, which is opaque', z.array(decimal(2, 'EUR')), { kind: 'other', opaque: true }],
    ['anything', z.any(), { kind: 'other', opaque: false, optional: false }],
  ])('says %s', (_, schema, expected) => {
    expect(describeField('e', 'x', schema)).toMatchObject({ name: 'x', ...expected })
  })
})
