/** Terminals at which cards were before they came to harm elsewhere. */
import { plural, say } from './say'

export const common_point = {
  lead: say(
    '后来在别处出事的卡，之前都到过的终端。每天夜里 3 点翻一遍 60 天内的交易，比偶然多得多的才列出来。列出来不等于有问题：卡号只留了前六后四，两张卡可能看起来一样。',
    'Terminals at which cards were that came to harm elsewhere later. Payments of 60 days are looked through at three each night, and what is far more than chance is listed. That is no verdict: of a card only six and four digits are kept, and two may look alike.',
  ),
  next: say('下次查找：', 'Next look:'),
  empty: say('还没有列出终端', 'No terminal is listed'),
  empty_text: say(
    '每晚查找过后才会列出；至少要有两起案件、三张卡。标为“不是店里的”的交易越多，看得越清楚。',
    'What a night’s look finds is listed after it. It takes at least two losses and three cards. The more payments are marked as not the shop’s, the more can be seen.',
  ),
  victims: say(
    (victims: number, cards: number) => `${cards} 张卡里有 ${victims} 张后来在别处出事`,
    (victims, cards) => `Cards that came to harm elsewhere later: ${victims} of ${cards}`,
  ),
  judged: say(
    (independent: number, expected: string) =>
      `去掉只有一家商户说的，还有 ${independent} 张；偶然最多 ${expected} 张`,
    (independent, expected) =>
      `Without those by the word of one merchant only: ${independent}; chance would bring ${expected} at most`,
  ),
  odds: say(
    (looks: string) => `偶然的话，${looks} 夜里不到一次`,
    (looks) => `By chance less than once in ${looks} nights`,
  ),
  first: say('第一次列出：', 'Named first'),
  last: say('最近一次：', 'Last'),
  incidents: say('来自这些案件', 'The losses they come from'),
  payments: say(
    (count: number) => `这些卡在这里的第一笔（${count} 笔）`,
    (count) => `Where they were here first: ${plural(count, 'payment')}`,
  ),
  payer: say('付款人', 'a payer'),
  not_asked: say('没有问店里', 'The shop was not asked'),
  asked: say('问了店里：', 'The shop was asked:'),
  here: say(
    '店里回答“在”，并不排除机器在原地被改装过。',
    'That it is there does not rule out that somebody altered it where it stands.',
  ),
  inspect: say('报“疑似改装”：停用并验机', 'Report it as altered: stop and inspect it'),
  reported: say('已报失', 'Reported'),
}
