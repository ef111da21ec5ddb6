export * from './metering.ts'
