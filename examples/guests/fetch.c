/*
 * A guest that asks the world: makes the request that its input holds, and gives the reply as its
 * result. Which requests it may make, its contract says; without a grant there is no reply.
 *
 *	input   {"method":"GET","url":"https://api.example.com/v1/items"}
 */
#include "infrafabric.h"

#define MOST (256 * 1024)

IF_EXPORT("run") void run(void)
{
	static char text[MOST];
	size_t len = if_input_read(text, sizeof(text), 0);
	int32_t reply = if_http_request(text, len);

	/* To end without a result is to fail; why, the sandbox knows. */
	if (reply < 0 || (size_t)reply > sizeof(text))
		return;
	if_result(text, if_http_read(text, sizeof(text), 0));
}
