import { denyWorld } from './denied.ts'

/** Set by whoever made this context; imported for what it does, before the definitions are. */
declare const contextNumber: number

denyWorld(contextNumber)
