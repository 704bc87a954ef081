/** What the build and newer browsers add to TypeScript's own definitions. */

/** Whether a build holds more than page views, events and their delivery. */
declare const EVERYTHING: boolean;

interface Navigator {
  readonly globalPrivacyControl?: boolean;
}

interface Document {
  readonly prerendering?: boolean;
}
