export * from './flights.ts'
