/** The module, for pages that are bundled. */

import type * as api from "./api";
import { createTracker as create } from "./tracker";

export const createTracker: typeof api.createTracker = create;
