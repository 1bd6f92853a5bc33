/*
 * A guest that is a plain C program: adds the numbers on its standard input. What it prints to
 * standard output is its result, standard error is its log, and its status says whether it is well.
 *
 *	clang --target=wasm32-wasi -O2 -Wl,--strip-all -o sum.wasm sum.c
 */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	const char *unit = getenv("UNIT");
	double sum = 0, number;
	int count = 0;

	while (scanf("%lf", &number) == 1) {
		sum += number;
		count++;
	}
	if (!feof(stdin)) {
		fprintf(stderr, "%s: what comes after %d numbers is none\n", argv[0], count);
		return 1;
	}
	fprintf(stderr, "added %d numbers, %d arguments\n", count, argc - 1);
	printf("{\"sum\":%g,\"count\":%d", sum, count);
	if (unit)
		printf(",\"unit\":\"%s\"", unit);
	printf("}\n");
	return 0;
}
