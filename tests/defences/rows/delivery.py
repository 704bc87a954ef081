"""Threats to events on their way: to be lost, doubled, changed or held up."""

from __future__ import annotations

from ..threats import Removal, Threat

_DELIVERY = "tests/handler/test_delivery.py"
_MESSAGE = "tests/handler/test_message.py"
_WRITER = "tests/handler/test_writer.py"

THREATS = (
    Threat(
        "Somebody fills the queue with events for buckets that do not exist",
        (
            Removal(
                "the proof of a bucket",
                "handler/delivery.py",
                "bundle.destination.named or bucket in self._proven",
                "bundle.destination.named or bool(bucket)",
                (
                    f"{_DELIVERY}::test_buffered_events_are_queued_where_the_operator_"
                    "named_the_bucket",
                ),
            ),
            Removal(
                "the refusal of a bucket that a client chose",
                "handler/delivery.py",
                "if error.fault is not Fault.UNAVAILABLE and not "
                "bundle.destination.named:",
                "if error.fault is not Fault.UNAVAILABLE and not bundle.destination:",
                (
                    f"{_DELIVERY}::test_what_the_store_does_not_take_the_queue_does",
                    f"{_DELIVERY}::"
                    "test_a_bucket_that_took_an_event_is_queued_for_until_it_refuses_one",
                ),
            ),
            Removal(
                "the refusal of a region that does not know our account",
                "handler/s3_answers.py",
                " and not self._abroad",
                "",
                (
                    "tests/handler/test_s3_redirects.py::"
                    "test_a_region_that_does_not_know_our_account_refuses_us",
                ),
            ),
        ),
    ),
    Threat(
        "Text of a client's is changed by the queue, or breaks the writer",
        (
            Removal(
                "the checksum of a message",
                "handler/message.py",
                "if zlib.crc32(raw) != int(checksum, 16):",
                "if not raw:",
                (f"{_MESSAGE}::test_lines_that_were_changed_are_not_read",),
            ),
            Removal(
                "the characters that a queue keeps",
                "handler/message.py",
                "(text := raw.decode())[:-1].isprintable()",
                "(text := raw.decode())[:-1]",
                (
                    f"{_MESSAGE}::"
                    "test_any_bytes_come_back_and_the_queue_keeps_every_character",
                    f"{_MESSAGE}::"
                    "test_one_event_travels_as_it_is_where_the_queue_keeps_it",
                ),
            ),
            Removal(
                "the name of a message that cannot be read",
                "handler/writer.py",
                "            # It ends among the dead letters, where someone can "
                "look at it.\n            log.unreadable(error)\n"
                "            failed.append(identifier)\n",
                "            log.unreadable(error)\n",
                (
                    f"{_WRITER}::"
                    "test_a_message_that_cannot_be_read_is_named_and_not_quoted",
                ),
            ),
            Removal(
                "the queue that dead letters come from",
                "src/analytics_tracker_construct/_queue.py",
                '"redrivePermission": "byQueue",',
                '"redrivePermission": "allowAll",',
                (
                    "tests/infra/test_delivery.py::"
                    "test_dead_letters_come_from_that_queue_only",
                ),
            ),
        ),
    ),
    Threat(
        "An event that was answered is lost, or counted twice, by any fault",
        (
            Removal(
                "the acknowledgement before the answer",
                "handler/ingest.py",
                "if outcome.is_taken:",
                "if outcome:",
                (
                    f"{_DELIVERY}::"
                    "test_with_both_gone_the_client_is_asked_to_come_again",
                ),
            ),
            Removal(
                "the names of what the writer could not store",
                "handler/writer.py",
                "return batch.identifiers",
                "return []",
                (
                    f"{_WRITER}::"
                    "test_what_a_bucket_does_not_take_is_named_and_the_rest_is_stored",
                ),
            ),
            Removal(
                "the memory of a write whose fate is unknown",
                "handler/lake.py",
                "if done.outcome is _STORED or done.uncertain:",
                "if done.outcome is _STORED:",
                (
                    "tests/handler/test_storing.py::"
                    "test_a_made_id_taken_after_an_unknown_attempt_is_our_own",
                ),
            ),
            Removal(
                "the key that stays when midnight passes",
                "handler/fields.py",
                "draft.day = times.storage_day(instant, visit.received)",
                "draft.day = visit.day",
                (
                    "tests/handler/test_storing.py::"
                    "test_the_key_stays_when_midnight_passes_between_retries",
                ),
            ),
            Removal(
                "one row an id",
                "src/analytics_tracker_construct/_sql/views.py",
                "WHERE occurrence = 1",
                "WHERE occurrence >= 1",
                (
                    "tests/sql/test_cases.py::"
                    "test_a_view_has_the_rows_that_were_counted",
                ),
            ),
        ),
    ),
)
