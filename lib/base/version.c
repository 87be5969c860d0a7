/* SPDX-License-Identifier: MIT */
/* The version of the library that runs. */
#include "vt/version.h"

unsigned vt_version(void) { return VT_VERSION; }

const char *vt_version_string(void) { return VT_VERSION_STRING; }
