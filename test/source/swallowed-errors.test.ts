import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findSwallowed } from './swallowed-errors.ts'

const projectDir = join(__dirname, '../..')
const sources = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: projectDir,
})
  .toString('utf8')
  .split('\0')
  .filter((path) => /\.(ts|mts|mjs|cjs|js)$/.test(path) && !path.startsWith('test/'))

describe('no source loses an error', () => {
  it('among all of them', () => {
    expect(sources.length).toBeGreaterThan(200)
    const found = sources.flatMap((path) =>
      findSwallowed(path, readFileSync(join(projectDir, path), 'utf8')).map(
        ({ line, what }) => `${path}:${line}: ${what}`,
      ),
    )
    expect(found).toEqual([])
  })
})

describe('an error is lost by', () => {
  it.each([
    ['an empty catch', 'try { f() } catch {}'],
    ['a catch that goes on', 'try { f() } catch (error) { g() }'],
    ['a constant', 'const h = () => { try { return f() } catch { return null } }'],
    ['a test alone', 'try { f() } catch (error) { if (error instanceof A) g() }'],
    [
      'a rest let go',
      'const h = () => { try { f() } catch (error) { if (error instanceof A) throw error; return null } }',
    ],
    ['a condition of something else', 'try { f() } catch (error) { if (last) throw error }'],
    [
      'a throw that something else decides',
      'try { f() } catch (error) { if (!(error instanceof A) && last) throw error }',
    ],
    [
      'a branch that something else opens',
      'const h = () => { try { f() } catch (error) { if (error instanceof A || last) return null; throw error } }',
    ],
    ['a loop that goes on', 'for (;;) { try { f() } catch (error) { continue } }'],
    [
      'an own constant made of a test',
      'try { f() } catch (error) { const known = error instanceof A; g(known ? 1 : 2) }',
    ],
    ['a name that only looks like it', 'try { f() } catch (error) { g({ error: null }.error) }'],
    ['a .catch without an argument', 'await f().catch(() => undefined)'],
    ['a .catch that drops it', 'await f().catch((error) => null)'],
    ['a .then that drops it', 'f().then(g, () => null)'],
    ['a listener', "client.on('error', () => undefined)"],
    ['results that nobody reads', 'await Promise.allSettled([f()])'],
    ['results that nobody reads, then', 'Promise.allSettled([f()]).then(() => g())'],
    ['a promise left alone', 'void f()'],
    ['a promise whose errors have no way', 'void f().then(g)'],
    ['an excuse without a reason', 'try { f() } catch {\n// swallowed: \n}'],
  ])('%s', (_, source) => {
    expect(findSwallowed('planted.ts', source)).toHaveLength(1)
  })
})

describe('an error is kept by', () => {
  it.each([
    ['throwing', 'try { f() } catch (error) { throw error }'],
    ['throwing another', "try { f() } catch { throw new Error('f failed') }"],
    ['reporting', 'try { f() } catch (error) { log(error) }'],
    ['what is made of it', 'try { f() } catch (error) { const said = String(error); log(said) }'],
    ['a value that names it', 'const h = () => { try { f() } catch (error) { return { problem: error.message } } }'],
    ['keeping it', 'try { f() } catch (error) { failed = error }'],
    ['counting', 'try { f() } catch { failures++ }'],
    [
      'naming it, and throwing the rest',
      'const h = () => { try { f() } catch (error) { if (error instanceof A) return null; throw error } }',
    ],
    ['throwing all but one', "try { f() } catch (error) { if (error.code !== 'ENOENT') throw error }"],
    [
      'a test with a name',
      'try { f() } catch (error) { const moved = error instanceof A; if (!moved || last) throw error }',
    ],
    ['throwing all but two', "try { f() } catch (error) { if (error.code !== 'A' && error.code !== 'B') throw error }"],
    ['both branches', 'try { f() } catch (error) { if (last) { throw error } else { log(error) } }'],
    ['an else', 'try { f() } catch (error) { if (error instanceof A) { g() } else { throw error } }'],
    ['a .catch', 'void f().catch((error) => log(error))'],
    ['a .catch by name', 'void f().catch(report)'],
    ['both of a .then', 'void f().then(g, report)'],
    ['reading the results', 'const ends = await Promise.allSettled([f()])'],
    ['saying why', 'try { f() } catch {\n// swallowed: the answer is only a hint\n}'],
    ['saying why above', '// swallowed: it ends with its process\nvoid f()'],
  ])('%s', (_, source) => {
    expect(findSwallowed('planted.ts', source)).toEqual([])
  })
})
