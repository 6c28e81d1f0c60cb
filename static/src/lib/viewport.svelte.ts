import { MediaQuery } from 'svelte/reactivity'

/** True where only one pane fits. The width is the one in the style sheets. */
export const narrow = new MediaQuery('(max-width: 760px)')

/** True where the main pointer is a finger. */
export const coarse = new MediaQuery('(pointer: coarse)')

/** True where something can be pointed at without being pressed. */
export const hovering = new MediaQuery('(hover: hover)')
