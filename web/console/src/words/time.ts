/** Times and lengths of time. */
import { plural, say } from './say'

export const time = {
  just_now: say('刚刚', 'just now'),
  minutes_ago: say(
    (count: number) => `${count} 分钟前`,
    (count) => `${count} min ago`,
  ),
  seconds: say(
    (count: number) => `${count} 秒`,
    (count) => `${count} s`,
  ),
  minutes: say(
    (count: number) => `${count} 分钟`,
    (count) => `${count} min`,
  ),
  hours: say(
    (count: number) => `${count} 小时`,
    (count) => `${count} h`,
  ),
  hours_minutes: say(
    (hours: number, minutes: number) => `${hours} 小时 ${minutes} 分`,
    (hours, minutes) => `${hours} h ${minutes} min`,
  ),
  days: say(
    (count: number) => `${count} 天`,
    (count) => plural(count, 'day'),
  ),
  days_hours: say(
    (days: number, hours: number) => `${days} 天 ${hours} 小时`,
    (days, hours) => `${days} d ${hours} h`,
  ),
  today: say(
    (clock: string) => clock,
    (clock) => clock,
  ),
  yesterday: say(
    (clock: string) => `昨天 ${clock}`,
    (clock) => `yesterday ${clock}`,
  ),
}
