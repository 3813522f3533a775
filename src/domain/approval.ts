/** `replaced`: a newer promotion to the same apps was asked for. `withdrawn`: whoever asked has thought better of it. */
export type ApprovalState = 'waiting' | 'approved' | 'rejected' | 'withdrawn' | 'replaced' | 'expired'
