// The emoji short codes a helpdesk is likely to use; others stay as written.

const EMOJI = {
  white_check_mark: "✅", heavy_check_mark: "✔️", ballot_box_with_check: "☑️", x: "❌",
  no_entry: "⛔", no_entry_sign: "🚫", warning: "⚠️", rotating_light: "🚨", information_source: "ℹ️",
  hourglass: "⌛", hourglass_flowing_sand: "⏳", stopwatch: "⏱️", clock1: "🕐", alarm_clock: "⏰",
  bell: "🔔", mega: "📣", eyes: "👀", wave: "👋", tada: "🎉", thumbsup: "👍", "+1": "👍", thumbsdown: "👎", "-1": "👎",
  ok_hand: "👌", pray: "🙏", raised_hands: "🙌", point_right: "👉", rocket: "🚀", zap: "⚡", fire: "🔥", sparkles: "✨",
  bulb: "💡", mag: "🔍", lock: "🔒", unlock: "🔓", key: "🔑", shield: "🛡️", closed_lock_with_key: "🔐",
  computer: "💻", desktop_computer: "🖥️", iphone: "📱", keyboard: "⌨️", printer: "🖨️", package: "📦", truck: "🚚",
  ticket: "🎫", memo: "📝", book: "📖", books: "📚", page_facing_up: "📄", paperclip: "📎", link: "🔗", calendar: "📅",
  email: "📧", envelope: "✉️", speech_balloon: "💬", robot_face: "🤖", bust_in_silhouette: "👤", busts_in_silhouette: "👥",
  arrow_right: "➡️", arrows_counterclockwise: "🔄", recycle: "♻️", octagonal_sign: "🛑", stop_sign: "🛑",
  large_green_circle: "🟢", red_circle: "🔴", large_yellow_circle: "🟡", white_circle: "⚪", black_circle: "⚫",
  heavy_minus_sign: "➖", question: "❓", exclamation: "❗", art: "🎨", wrench: "🔧", gear: "⚙️", hammer_and_wrench: "🛠️",
  smile: "😄", slightly_smiling_face: "🙂", thinking_face: "🤔", heart: "❤️", moneybag: "💰", euro: "💶",
};

/** Return the character for `name`, or the short code as written. */
export function emoji(name) {
  return Object.hasOwn(EMOJI, name) ? EMOJI[name] : `:${name}:`;
}
