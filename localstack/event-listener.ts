import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge'
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'

/** Hears what a stage puts on the event bus. */
export interface EventListener {
  /** The details of all events heard so far, in the order in which they came. */
  now(): Promise<readonly Readonly<Record<string, unknown>>[]>
}

/**
 * Listens as anybody's application does: by a rule on the default event bus, and a queue that it feeds.
 * @param source whose events: `tidemark.STAGE`
 */
export const listen = async (source: string): Promise<EventListener> => {
  const [bus, sqs] = [new EventBridgeClient({}), new SQSClient({})]
  const name = `listens-to-${source.replaceAll('.', '-')}`
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }))
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }))
  await bus.send(new PutRuleCommand({ Name: name, EventPattern: JSON.stringify({ source: [source] }) }))
  await bus.send(new PutTargetsCommand({ Rule: name, Targets: [{ Id: 'queue', Arn: Attributes?.QueueArn }] }))
  const heard: Readonly<Record<string, unknown>>[] = []
  return {
    async now() {
      for (;;) {
        const { Messages: messages = [] } = await sqs.send(
          new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 }),
        )
        if (messages.length === 0) return [...heard]
        for (const { Body, ReceiptHandle } of messages) {
          heard.push((JSON.parse(Body ?? '{}') as { detail: Readonly<Record<string, unknown>> }).detail)
          await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))
        }
      }
    },
  }
}
