import { TasukiError } from '../domain/errors.ts'

/** A change of the formation as the API takes it; a quantity with a sign is relative. */
export interface FormationUpdate {
  readonly type: string
  readonly quantity: string
  readonly size?: string
}

const FORM = /^([A-Za-z0-9_-]+?)(?:=([+-]?\d{1,5})|([+-]\d{1,5}))(?::([A-Za-z0-9-]+))?$/

/** Reads `web=3`, `web=3:Standard-2X`, `web+1`, `web=-1`; throws `invalid_params` for anything else. */
export function scaleArgument(text: string): FormationUpdate {
  const [, type, absolute, relative, size] = FORM.exec(text) ?? []
  const quantity = absolute ?? relative
  if (type !== undefined && quantity !== undefined) return { type, quantity, ...(size ? { size } : {}) }
  throw new TasukiError('invalid_params', `"${text.slice(0, 60)}" is no change of a formation.`, {
    next: 'Give it as web=3, web=3:Standard-2X, web+1 or web-1.',
  })
}
