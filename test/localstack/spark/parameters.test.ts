import { holdsError, killedBy, reasonIn } from '../../../localstack/spark/failure.ts'
import { readStartRequest } from '../../../localstack/spark/request.ts'
import { readSubmitParameters } from '../../../localstack/spark/submit-parameters.ts'

describe('submit parameters', () => {
  it('give settings, archives and the driver’s environment', () => {
    const read = readSubmitParameters(
      `--conf spark.a=1 --conf "spark.b=two words" --conf spark.c='x=y' --archives s3://b/w.tgz#worker,s3://b/e.zip#env --conf spark.emr-serverless.driverEnv.MODE=fast --conf spark.a=2`,
    )
    expect([...read.settings]).toEqual([
      ['spark.a', '2'],
      ['spark.b', 'two words'],
      ['spark.c', 'x=y'],
    ])
    expect(read.archives).toEqual([
      { uri: 's3://b/w.tgz', folder: 'worker' },
      { uri: 's3://b/e.zip', folder: 'env' },
    ])
    expect(read.driverEnvironment).toEqual({ MODE: 'fast' })
  })
  it('may name the archives as a setting', () =>
    expect(readSubmitParameters('--conf spark.archives=s3://b/w.tgz#worker').archives).toEqual([
      { uri: 's3://b/w.tgz', folder: 'worker' },
    ]))
  it('may be empty', () => expect(readSubmitParameters('  ').settings.size).toBe(0))
  it.each([
    ['--class Main', '--class'],
    ['--py-files s3://b/x.py', '--py-files'],
    ['spark.a=1', 'spark.a=1'],
    ['--conf', '--conf needs NAME=VALUE'],
    ['--conf spark.a', 'spark.a'],
    ['--conf spark.master=yarn', 'spark.master'],
    ['--conf spark.emr-serverless.driver.disk=20g', 'spark.emr-serverless.driver.disk'],
    ['--archives s3://b/w.tgz', 's3://BUCKET/KEY#FOLDER'],
    ['--archives s3://b/w.tgz#..', 's3://BUCKET/KEY#FOLDER'],
    ['--archives s3://b/w.rar#w', 's3://b/w.rar'],
    ['--conf "spark.a=1', 'quote'],
  ])('%s is refused', (text, named) => {
    expect(() => readSubmitParameters(text)).toThrow(
      expect.objectContaining({ name: 'ValidationException', message: expect.stringContaining(named) }),
    )
  })
})

describe('a request', () => {
  const valid = {
    clientToken: 'a-1',
    executionRoleArn: 'arn:aws:iam::000000000000:role/spark',
    jobDriver: { sparkSubmit: { entryPoint: 's3://b/job.py' } },
  }
  it('has EMR Serverless’ default limit of twelve hours', () =>
    expect(readStartRequest(valid).executionTimeoutMinutes).toBe(720))
  it.each([
    [{ ...valid, configurationOverrides: {} }, 'configurationOverrides'],
    [{ ...valid, retryPolicy: { maxAttempts: 2 } }, 'retryPolicy'],
    [{ ...valid, mode: 'STREAMING' }, 'mode'],
    [{ ...valid, clientToken: undefined }, 'clientToken'],
    [{ ...valid, jobDriver: { hive: { query: 'q' } } }, 'hive'],
    [{ ...valid, jobDriver: { sparkSubmit: { entryPoint: 's3://b/job.jar' } } }, 'jobDriver.sparkSubmit.entryPoint'],
  ])('%j is refused, naming the field', (request, field) => {
    expect(() => readStartRequest(request)).toThrow(
      expect.objectContaining({ name: 'ValidationException', message: expect.stringContaining(field) }),
    )
  })
})

const tracebackOf = (error: string): string =>
  `Traceback (most recent call last):\n  File "job.py", line 1, in <module>\n${error}`

describe('the reason in a driver’s log', () => {
  it('is the error below the last traceback', () =>
    expect(
      reasonIn(
        `26/11/22 17:00:00 INFO SparkContext: running
Traceback (most recent call last):
  File "job.py", line 1, in <module>
    run()
py4j.protocol.Py4JJavaError: An error occurred while calling o1.collect.
: org.apache.spark.SparkException: Job aborted: Traceback (most recent call last):
  File "job.py", line 3, in run
ValueError: no such event

	at org.apache.spark.api.python.BasePythonRunner
26/11/22 17:00:01 INFO ShutdownHookManager: Shutdown hook called
`,
      ),
    ).toBe('ValueError: no such event'))
  it('is that memory ran out, wherever that stands', () =>
    expect(
      reasonIn(`${tracebackOf('py4j.protocol.Py4JJavaError: An error occurred while calling o51.range.')}
: java.lang.OutOfMemoryError: Metaspace
`),
    ).toBe('java.lang.OutOfMemoryError: Metaspace'))
  it('is looked for in the log that holds an error', () => {
    expect(holdsError('Terminating due to java.lang.OutOfMemoryError: Metaspace\n')).toBe(true)
    expect(holdsError(tracebackOf('ValueError'))).toBe(true)
    expect(holdsError('26/11/22 17:00:01 INFO SharedState: ready')).toBe(false)
  })
  it('is the signal where it was killed', () => {
    expect(killedBy('SIGKILL')).toBe('the driver was killed by SIGKILL, as the system does where memory runs out')
    expect(killedBy('SIGTERM')).toBe('the driver was killed by SIGTERM')
  })
  it('is the last line that is no logging where there is no traceback', () =>
    expect(reasonIn('starting\nNo space left\n26/11/22 17:00:01 INFO ShutdownHookManager: Shutdown\n')).toBe(
      'No space left',
    ))
  it('is the last line where all is logging', () =>
    expect(reasonIn('26/11/22 17:00:01 ERROR SparkContext: lost\n')).toBe('26/11/22 17:00:01 ERROR SparkContext: lost'))
  it('says so where there is nothing', () => expect(reasonIn('')).toBe('it wrote nothing'))
})
