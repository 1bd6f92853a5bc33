/*
 * daemon - where everything meets: loop, server, machine, ledger.
 *
 * A turn of the loop: requests come in and are decided at once; then all
 * that they changed goes into one record; when it is durable, their answers
 * go out. While a record is being written the next one fills.
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include "api/route.h"
#include "bus/bus.h"
#include "daemon/courier.h"
#include "daemon/flight.h"
#include "daemon/pace.h"
#include "daemon/server.h"
#include "daemon/token.h"
#include "daemon/writer.h"
#include "fabric/machine.h"
#include "witness/ledger.h"

#define CEILINGS_MAX 4

struct daemon_config {
	const char *ledger_path;	/* NULL: in memory, gone at the end */
	const char *socket_path;
	const char *tcp_address;	/* NULL: no TCP */
	uint64_t snapshot_events;	/* events between two snapshots */
	struct courier_config courier;	/* by which escalations go out */
	const char *ceilings[CEILINGS_MAX];	/* files that no contract may pass, if they are there */
	size_t ceiling_count;
};

#define SNAPSHOT_EVENTS_DEFAULT 200000	/* replayed in about a second */

/* An answer that waits until the record it depends on is durable. */
struct held_reply {
	uint64_t exchange;
	uint64_t batch;			/* durable when `durable_batch` has reached it */
	enum err err;
	struct buf body;
};

/* Why writes are refused, if they are. */
struct health {
	enum err err;			/* OK: writes are taken */
	struct buf detail;
	int64_t since_us;
	uint64_t failures;
};

struct stream;
struct verify_job;
struct snapshot_job;
struct trim_job;
struct notify;

struct daemon {
	struct daemon_config config;
	struct loop *loop;
	struct server *server;
	struct router router;
	struct writer *writer;
	struct bus *bus;
	struct ledger ledger;		/* the writer's while it is busy */
	struct machine machine;
	struct flight flight;
	struct tokens tokens;
	struct arena arena;		/* of one request */
	struct buf detail, members;	/* of one refusal */
	struct loop_timer *timer;	/* for the machine's next one */
	struct loop_timer *probe;	/* while writes are refused */
	struct loop_timer *rest;	/* after the last append */
	bool rest_is_set;
	uint64_t rest_records;		/* appended when it was set */
	struct loop_signal *terminate, *interrupt;

	/* Time as the ledger sees it. */
	int64_t stamp_us, stamp_mono_us;

	/* Batches are counted; 0 needs no waiting. */
	uint64_t next_batch;		/* the one that fills now */
	uint64_t durable_batch;
	struct buf writing;		/* body that is being appended */
	uint32_t writing_count;
	int64_t writing_at_us;
	uint64_t writing_first;
	uint32_t batch_commands;	/* in the one that fills now */
	uint32_t writing_commands;	/* in the one that is being appended */
	int64_t append_took_us;		/* the last append; the writer's while busy */
	struct pace pace;
	enum err append_err;		/* of the last append; the writer's while busy */
	bool append_at_once;		/* on the loop, where nobody may be waited for */
	struct buf append_detail;
	struct chain durable;		/* head of what is durable */

	struct held_reply *replies;	/* ring, in the order of their batches */
	size_t reply_first, reply_count, reply_capacity;
	struct machine_answer scratch;

	struct health health;
	struct stream *streams;
	struct verify_job *verifies;
	struct snapshot_job *snapshot;
	uint64_t snapshot_wanted;	/* exchange that waits for the next one, or 0 */
	uint64_t snapshot_awaited;	/* exchange that waits for this one, or 0 */
	struct trim_job *trim;
	struct notify *notify;
	uint64_t snapshot_event;	/* last event of the newest snapshot */
	int64_t started_us;
	bool stopping;
	enum err fatal;			/* why it stopped by itself, if it did */
	struct daemon_stats {
		uint64_t commands, refusals, records, events, snapshots;
		int64_t append_us_max;
	} stats;
};

MUST_USE enum err daemon_open(struct daemon *daemon, const struct daemon_config *config,
			      struct buf *ret_detail);
/* Until a signal, or daemon_stop. */
void daemon_run(struct daemon *daemon);
void daemon_close(struct daemon *daemon);

/* ---- parts of the daemon, each in a file of its name ---------------------------------------- */

/* now.c: monotone time for the ledger, whose jumps forward are bounded. */
int64_t daemon_now_us(struct daemon *daemon);

/* recover.c: the machine, from the newest snapshot and the records after it. */
MUST_USE enum err daemon_recover(struct daemon *daemon, struct buf *ret_detail);
/* Offline: folds a ledger into a machine, up to the record `to_seq`. */
MUST_USE enum err recover_machine(struct machine *machine, struct bus *bus, uint64_t seed,
				  size_t body_bytes_max, bool use_snapshot, uint64_t to_seq,
				  uint64_t *ret_snapshot_event, struct buf *ret_detail);

/* commit.c */
bool commit_work(void *daemon);			/* loop hook */
/* Appends what there is and waits for it. */
void commit_now(struct daemon *daemon);
/* Holds an answer until all that was decided so far is durable. Takes the body. */
void commit_reply(struct daemon *daemon, uint64_t exchange, enum err err, struct buf *body);
/* Answers that the machine gave to waiting requests are held like others. */
void commit_take_answers(struct daemon *daemon);
/* Everybody who waits gets what there is. */
void commit_end_waits(struct daemon *daemon);
/* The batch that must be durable before anybody may hear of what is so now. */
uint64_t commit_batch(const struct daemon *daemon);
void commit_probe(void *daemon);		/* loop timer */
void commit_rest(void *daemon);			/* loop timer */
void commit_plan_rest(struct daemon *daemon);
void commit_finish(struct daemon *daemon);

/* ceiling.c: refuses what the operator's files, as they are now, do not allow; says so in `detail`. */
MUST_USE enum err ceiling_check(struct daemon *daemon, const struct contract *contract);

/* request.c: server_ops. */
extern const struct server_ops request_ops;

/* streams.c */
void streams_open(struct daemon *daemon, uint64_t exchange, const struct http_request *request,
		  const struct command *command);
/* True when one of them has more to do at once. */
bool streams_work(struct daemon *daemon);
/* A record became durable. */
void streams_publish(struct daemon *daemon, struct slice body, int64_t at_us, uint64_t first_event);
/* There is room for more. */
void streams_drained(struct stream *stream);
void streams_closed(struct daemon *daemon, struct stream *stream);
void streams_finish(struct daemon *daemon);

/* control.c: status, health, head, verify. */
void control_request(struct daemon *daemon, uint64_t exchange, const struct command *command);
bool control_work(struct daemon *daemon);
void control_closed(struct daemon *daemon, uint64_t exchange);
void control_finish(struct daemon *daemon);

/* snapshots.c */
bool snapshots_work(struct daemon *daemon);
/* Answers when one that begins now is kept, or has failed. */
void snapshots_request(struct daemon *daemon, uint64_t exchange);
void snapshots_finish(struct daemon *daemon);

/* notify.c: escalations go out, when channels are set up. Before the ledger is opened. */
MUST_USE enum err notify_open(struct daemon *daemon, struct buf *ret_detail);
/* Puts on record what became of those that were sent: before a record is begun. */
void notify_note(struct daemon *daemon);
/* Sends what is durable and due. */
void notify_work(struct daemon *daemon);
/* The machine was built from what is durable. */
void notify_rebuilt(struct daemon *daemon);
void notify_put(const struct daemon *daemon, struct json_writer *json);
void notify_close(struct daemon *daemon);

/* trim.c */
void trim_request(struct daemon *daemon, uint64_t exchange, const struct command *command);
void trim_work(struct daemon *daemon);
void trim_finish(struct daemon *daemon);

#endif
