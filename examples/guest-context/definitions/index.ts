export * from './guests.ts'
