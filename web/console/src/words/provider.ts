/** The keys of providers whose own interface can stop a terminal. */
import type { KeyReady, Provider } from '@/api/types'
import { say, type Words } from './say'

export const provider = {
  lead: say(
    '刷卡机属于下面的支付机构？粘贴一个密钥，报失时我们就直接请对方停用，再向对方核实。',
    'A terminal of one of these? Paste a key, and a loss report has them stop it at once, and asks them again whether they did.',
  ),
  kept: say('已保存密钥；粘贴新的会替换它。', 'A key is kept. A new one takes its place.'),
  key: say('密钥', 'Key'),
  key_hint: {
    stripe: say(
      '受限密钥，只给 Terminal readers 写权限；保存后不再显示。',
      'A restricted key with write on Terminal readers only; it is not shown again.',
    ),
    sumup: say(
      'API 密钥，或带 readers.write 的令牌；保存后不再显示。',
      'An API key, or a token of scope readers.write; it is not shown again.',
    ),
    adyen: say(
      '有 Management API—Assign Terminal 和 —Terminal actions read 的 API 密钥；保存后不再显示。',
      'An API key with the roles Management API—Assign Terminal and —Terminal actions read; it is not shown again.',
    ),
  } satisfies Words<Provider>,
  account: {
    stripe: say('账户', 'Account'),
    sumup: say('商户代码', 'Merchant code'),
    adyen: say('商户账户（收回库存的那个）', 'Merchant account whose inventory takes stopped terminals'),
  } satisfies Words<Provider>,
  is_test: say('这是测试系统的密钥', 'This key is for the test system'),
  test: say('试一下', 'Try it'),
  testing: say('正在问对方…', 'Asking…'),
  unproven: say(
    '只读了设备列表，什么都没改。有没有停用的权限，要到第一次停用才知道。',
    'Only the list of devices was read, and nothing changed. Whether it may also stop one is known with the first stop.',
  ),
  forget: say('删除密钥', 'Forget the key'),
}

export const key_ready = {
  ready: say('对方认这个密钥', 'They take this key'),
  refused: say('对方拒绝', 'Refused'),
  not_reached: say('连不上', 'Not reached'),
  unknown: say('对方没有明确回答', 'No clear answer'),
} satisfies Words<KeyReady>
