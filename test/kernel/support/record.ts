import { afterAll } from 'vitest'
import { record } from './recorder.js'

const write = record()
afterAll(write)
