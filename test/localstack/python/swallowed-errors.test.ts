import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageDir, python } from '../spark-job/spark-on-this-machine.ts'

const find = (paths: readonly string[]): unknown[] =>
  execFileSync(python, [join(__dirname, 'swallowed_errors.py'), ...paths], { cwd: packageDir, encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

const sources = execFileSync('git', ['ls-files', '--', '*.py'], { cwd: packageDir, encoding: 'utf8' })
  .split('\n')
  .filter((path) => path !== '' && !path.startsWith('test/'))

describe('no Python source loses an error', () => {
  it('among all of them', () => {
    expect(sources).toContain('spark/recompute.py')
    expect(find(sources)).toEqual([])
  })
})

describe('of planted Python', () => {
  let dir: string
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'tidemark-planted-'))
  })
  afterAll(() => rmSync(dir, { recursive: true }))

  const foundIn = (name: string, handlers: readonly string[]): number[] => {
    const paths = handlers.map((handler, place) => {
      const path = join(dir, `${name}-${place}.py`)
      writeFileSync(path, `def planted():\n    for each in work:\n        try:\n            f()\n${handler}`)
      return path
    })
    return paths.map((path) => find([path]).length)
  }

  it('each of these loses an error', () => {
    const handlers = [
      '        except:\n            pass\n',
      '        except KeyError:\n            pass\n',
      '        except Exception:\n            return None\n',
      '        except OSError as error:\n            g()\n',
      '        except (KeyError, ValueError):\n            return None\n',
      '        except Exception as error:\n            if isinstance(error, KeyError):\n                raise\n            return None\n',
      '        except Exception as error:\n            if last:\n                raise\n',
      '        except Exception as error:\n            continue\n',
      '        except Exception as error:\n            known = error == 1\n            g(1)\n',
      '        except Exception:\n            # swallowed: \n            return None\n',
      '        finally:\n            with contextlib.suppress(OSError):\n                g()\n',
    ]
    expect(foundIn('bad', handlers)).toEqual(handlers.map(() => 1))
  })

  it('none of these does', () => {
    const handlers = [
      '        except Exception:\n            raise\n',
      '        except Exception as error:\n            raise OSError("f") from error\n',
      '        except Exception as error:\n            log(error)\n',
      '        except Exception as error:\n            said = str(error)\n            return said\n',
      '        except Exception as error:\n            self.failed = error\n',
      '        except Exception:\n            failures += 1\n',
      '        except KeyError:\n            return None\n',
      '        except Exception as error:\n            if not isinstance(error, KeyError):\n                raise\n',
      '        except Exception:\n            # swallowed: the answer is only a hint\n            return None\n',
    ]
    expect(foundIn('good', handlers)).toEqual(handlers.map(() => 0))
  })
})
