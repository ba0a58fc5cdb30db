/** Versions of the house's texts: written by one person, signed off by another. */
import type { RevisionAction, RevisionState } from '@/api/types'
import { say, type Words } from './say'

export const revision = {
  version: say(
    (version: number) => `第 ${version} 版`,
    (version) => `Version ${version}`,
  ),
  state: {
    draft: say('草稿', 'Draft'),
    proposed: say('等第二个人签发', 'Waits for a second person'),
    in_use: say('使用中', 'In use'),
    withdrawal_proposed: say('使用中，有人提出停用', 'In use; somebody asks to end that'),
    replaced: say('已被新版本取代', 'Replaced by a later one'),
    withdrawn: say('已撤回', 'Withdrawn'),
  } satisfies Words<RevisionState>,
  written: say(
    (who: string) => `${who} 写`,
    (who) => `Written by ${who}`,
  ),
  proposed: say(
    (who: string) => `${who} 送签`,
    (who) => `Proposed by ${who}`,
  ),
  signed: say(
    (who: string) => `${who} 签发`,
    (who) => `Signed off by ${who}`,
  ),
  ended: say(
    (who: string) => `${who} 停用或撤回`,
    (who) => `Ended by ${who}`,
  ),
  end_proposed: say(
    (who: string) => `${who} 提出停用`,
    (who) => `${who} asks to end its use`,
  ),
  action: {
    change: say('保存', 'Save'),
    propose: say('送签', 'Ask a second person to sign it off'),
    sign_off: say('签发', 'Sign it off'),
    send_back: say('退回', 'Send it back'),
    withdraw: say('撤回', 'Withdraw it'),
    propose_withdrawal: say('提出停用', 'Ask to end its use'),
  } satisfies Words<RevisionAction>,
  sign_off_end: say('同意停用', 'Agree to end its use'),
  note: say('说明', 'In a few words'),
  note_hint: say('给签发的人看', 'For who signs it off'),
  note_needed: say('请写明原因。', 'Say why.'),
  second: say(
    '签发的人不能是写过或送签过这一版的人。',
    'Whoever wrote or proposed this version cannot sign it off.',
  ),
  nobody: say('签发需要另一个人。', 'Somebody else has to sign it off.'),
  signers: say(
    (who: string) => `可以签发：${who}`,
    (who) => `May sign it off: ${who}`,
  ),
  none: say('还没有自己的版本。', 'No version of your own yet.'),
  earlier: say(
    (count: number) => `以前的版本（${count}）`,
    (count) => `Earlier versions (${count})`,
  ),
  to_people: say('邀请一个人', 'Invite somebody'),
  seen: say('我看过与现用版本的差别。', 'I have looked at what differs from what is used now.'),
  differs: say('与现用版本的差别', 'What differs from what is used now'),
  same: say('与现用版本相同。', 'The same as what is used now.'),
  added: say('新增', 'added'),
  removed: say('删去', 'removed'),
  left_out: say(
    (lines: number) => `（${lines} 行相同）`,
    (lines) => `(${lines} lines the same)`,
  ),
  unsaved: say('有还没保存的修改。要离开吗？', 'There are changes that are not saved. Leave?'),
}
