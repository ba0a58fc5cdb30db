/** Transactions. */
import type { Decision, EntryMode, TransactionKind } from '@/api/types'
import { say, type Words } from './say'

export const transaction = {
  purchase: say('消费', 'Sale'),
  void: say('撤销', 'Void'),
  refund: say('退货', 'Refund'),
  pre_authorisation: say('预授权', 'Pre-authorisation'),
  pre_authorisation_void: say('预授权撤销', 'Pre-authorisation void'),
  completion: say('预授权完成', 'Completion'),
  completion_notice: say('预授权完成通知', 'Completion notice'),
  completion_void: say('完成撤销', 'Completion void'),
  balance: say('查余额', 'Balance enquiry'),
  reversal: say('冲正', 'Reversal'),
  sign_in: say('签到', 'Sign-in'),
  sign_out: say('签退', 'Sign-out'),
  settlement: say('结算', 'Settlement'),
  batch_upload: say('批上送', 'Batch upload'),
  lock: say('锁定', 'Lock'),
  unlock: say('解锁', 'Unlock'),
} satisfies Words<TransactionKind>

export const decision = {
  approved: say('成功', 'Approved'),
  declined: say('已拒绝', 'Refused'),
  pending: say('等待结果', 'Waiting'),
  reversed: say('已冲正', 'Reversed'),
  recorded: say('已记录', 'Recorded'),
} satisfies Words<Decision>

export const entry = {
  swipe: say('刷磁条', 'Swiped'),
  chip: say('插卡', 'Chip'),
  contactless: say('挥卡', 'Contactless'),
  manual: say('手输卡号', 'Typed in'),
  qr: say('扫码', 'QR code'),
} satisfies Words<EntryMode>
