/** What people think of a message: pure, so that what is kept of it can be tested without a timeline. */
import type { Choice, Feedback, Message } from './wire'

/** The emoji that are offered first. */
export const QUICK = ['👍', '❤️', '😂', '🎉', '😮', '😢', '🙏', '🔥'] as const

/**
 * What is known after more was told. An event says what its actor chose; what one chose oneself is kept through the
 * events of others. What was told late, after something newer, is passed over.
 */
export function laidOver(known: Feedback | null | undefined, told: Feedback, me: string): Feedback {
  if (known && known.seq >= told.seq) return known
  const own = [told.choice, known?.choice].find((choice) => choice?.user_id === me)
  return { ...told, choice: own ?? told.choice }
}

/** A message with what was told of it, the very same object when nothing was. */
export function withFeedback(message: Message, told: Feedback | undefined, me: string): Message {
  const feedback = told && laidOver(message.feedback, told, me)
  return !feedback || feedback === message.feedback ? message : { ...message, feedback }
}

/** What one has given a message oneself. */
export function ownChoice(feedback: Feedback | null | undefined, me: string): Pick<Choice, 'emojis' | 'helpful'> {
  return feedback?.choice.user_id === me ? feedback.choice : { emojis: [], helpful: false }
}
