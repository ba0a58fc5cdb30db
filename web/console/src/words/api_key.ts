/** API keys: what programs call the API with. */
import type { ApiKeyState } from '@/api/types'
import { say, type Words } from './say'

const state: Words<ApiKeyState> = {
  active: say('可用', 'Works'),
  revoked: say('已停用', 'Revoked'),
}

const list: Words<ApiKeyState> = {
  active: say('未停用', 'Not revoked'),
  revoked: say('已停用', 'Revoked'),
}

export const api_key = {
  state,
  list,
  over: say('已到期', 'Over'),
  soon: say('快到期了', 'Ends soon'),
  lead: say(
    '给程序用的密钥，例如收单核心系统或门店的 ERP。它不属于某个人：谁离职了，程序照常运行。',
    'What a program calls the API with: an acquirer’s core system, a shop’s ERP. A key is no person’s, so it goes on when somebody leaves.',
  ),
  none: say('没有可用的 API 密钥。', 'No API key works.'),
  none_revoked: say('没有停用过的 API 密钥。', 'No API key was revoked.'),
  add: say('新建密钥', 'Make a key'),
  make: say('生成密钥', 'Make the key'),
  name: say('给哪个程序用', 'What uses it'),
  name_hint: say('例如：ERP', 'For example: ERP'),
  place: say('能看到什么', 'What it sees'),
  house: say('全部', 'Everything'),
  whole_merchant: say('整个商户', 'The whole merchant'),
  one_merchant: say('一个商户', 'One merchant'),
  rights: say('可以做', 'May'),
  rights_hint: say(
    '什么都不选就只能看。给权限、确认找回、改设置和密码，程序永远不能做。',
    'With none it only reads. A program never gives rights, confirms a find, or sets settings and passwords.',
  ),
  days: say('用多久', 'Works for'),
  days_choice: say(
    (days: number) => `${days} 天`,
    (days) => `${days} days`,
  ),
  ends: say('到期', 'Ends'),
  used: say('上次使用', 'Last used'),
  used_from: say(
    (address: string) => `来自 ${address}`,
    (address) => `from ${address}`,
  ),
  never: say('从未使用', 'Never used'),
  once_title: say('请现在保存密钥', 'Keep the key now'),
  once_text: say(
    '只显示这一次，以后谁也看不到。请放进程序的密钥库，不要发邮件，也不要写进代码。',
    'It is shown this once, and nobody can show it again. Put it where the program keeps its secrets: not into a mail, not into code.',
  ),
  kept: say('已保存好', 'I have kept it'),
  maybe_made: say(
    '密钥可能已经生成，但没有人拿到它：请在列表里停用你没有拿到的那把。',
    'It may have been made, and nobody holds it: revoke the one in the list that you do not hold.',
  ),
  revoke: say('停用', 'Revoke'),
  revoke_ask: say(
    '用这把密钥的程序马上会被拒绝，而且不能恢复。',
    'Whatever uses it is refused at once, and it cannot be brought back.',
  ),
  revoke_sure: say('马上停用', 'Revoke it now'),
}
