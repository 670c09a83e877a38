// SPDX-License-Identifier: GPL-2.0-or-later
/* Units that a makefile takes out of another folder: found by the name that patches have for them. */
#include <stdlib.h>
#include <string.h>

#include "kernel/tree.h"
#include "tap.h"

static bool is_goal(const struct ktree *t, const char *path, const char *want)
{
	char *goal = ktree_goal(t, path);
	bool same = !strcmp(goal, want);

	free(goal);
	return same;
}

int main(void)
{
	struct ktree t = {0};

	strvec_push(&t.units, "arch/x86/kvm/../../../virt/kvm/vfio.o");
	strvec_push(&t.units, "arch/x86/kvm/vmx.o");
	strvec_push(&t.units, "fs/open.o");
	ktree_settle_units(&t);
	tap_ok(ktree_has_unit(&t, "virt/kvm/vfio.c"), "a unit that is reached by way of another folder");
	tap_ok(ktree_has_unit(&t, "arch/x86/kvm/vmx.c") && ktree_has_unit(&t, "fs/open.c"), "others, as before");
	tap_ok(!ktree_has_unit(&t, "virt/kvm/vmx.c"), "what is not there");
	tap_ok(is_goal(&t, "virt/kvm/vfio.c", "arch/x86/kvm/../../../virt/kvm/vfio.o"), "make is asked for it by that way");
	tap_ok(is_goal(&t, "fs/open.c", "fs/open.o"), "and for others by their name");
	strvec_free(&t.units);
	strvec_free(&t.goals);
	return tap_done();
}
