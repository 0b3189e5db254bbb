"""Each quirk of the contract is treated, and which tests show it."""

import importlib

import pytest

from tests.contract import quirks

TESTS = {
    # time tracking
    "daily_request_unwrapped": "test_v1_time.test_a_request_is_wrapped_in_xml_alone",
    "blank_hours_starts_timer": "test_v1_time.test_a_timer_is_started_by_blanks test_v1_time.test_no_timer_starts_by_accident",
    "blank_times_start_timer": "test_v1_time.test_a_timer_is_started_by_blanks",
    "toggle_is_get": "test_v1_time.test_a_toggle_is_never_sent_twice "
    "test_v1_time.test_a_toggle_is_sent_again_after_a_throttle_answer",
    "timestamp_restart_new_entry": "test_v1_time.test_a_restarted_timer_may_be_another_entry",
    "previous_timer_stopped": "test_v1_time.test_the_hours_of_the_timer_that_stopped_are_returned",
    "update_overwrites": "test_v1_time.test_an_update_keeps_what_it_does_not_change",
    "update_verb": "test_v1_time.test_an_update_is_a_post",
    "ids_as_strings": "test_v1_time.test_ids_are_numbers_whatever_they_come_as",
    "flat_json_timer": "test_v1_time.test_an_entry_is_bare_or_nested",
    "add_reply_root": "test_v1_time.test_the_root_of_an_entry_does_not_matter",
    "add_reply_short": "test_v1_time.test_a_short_reply_is_enough",
    "daily_date_formats": "test_v1_time.test_days_come_in_many_forms test_v1_time.test_a_request_is_wrapped_in_xml_alone",
    "weekday_mismatch": "test_v1_time.test_days_come_in_many_forms",
    "minus_zero_zone": "test_v1_time.test_moments_are_in_utc",
    "projects_absent": "test_v1_time.test_a_day_without_projects_has_none",
    "daily_all_underscores": "test_v1_time.test_names_in_xml_may_have_dashes_or_underscores",
    "empty_ended_at": "test_v1_time.test_the_end_of_a_running_timer_is_none",
    "two_hour_fields": "test_v1_time.test_kinds_of_hours_are_distinguished",
    "of_user_in_body": "test_v1_time.test_the_person_of_a_timesheet_is_in_the_query",
    "day_then_year": "test_v1_time.test_the_day_of_the_year_comes_first",
    "slim": "test_v1_time.test_slim_is_asked_for_by_one",
    # wrapping and names
    "invoices_list_key": "test_v1_invoices.test_the_key_of_an_invoice_is_singular_or_plural",
    "message_root": "test_v1_invoices.test_the_root_of_a_message_has_two_names",
    "message_list_root": "test_v1_invoices.test_a_list_of_messages_may_have_the_name_of_one",
    "message_singular_path": "test_v1_invoices.test_a_message_is_below_messages",
    "category_roots": "test_v1_invoices.test_a_category_is_picked_from_the_list",
    "category_location": "test_v1_invoices.test_a_new_category_is_found_by_its_number",
    "category_no_get": "test_v1_invoices.test_a_category_is_picked_from_the_list",
    "category_param_name": "test_v1_invoices.test_a_category_is_deleted_by_its_own_id",
    "payment_location": "test_v1_invoices.test_a_payment_is_found_by_the_last_number",
    "expense_location": "test_v1_expenses.test_an_expense_without_a_number_is_an_error_and_not_created_again",
    "user_assignment_location": "test_v1_writes.test_an_assignment_may_come_back_under_another_id",
    "people_users": "test_v1_writes.test_people_are_users",
    "who_am_i_names": "test_v1_wire.test_the_signed_in_person_has_names_of_its_own",
    "assignment_create_root": "test_v1_writes.test_an_assignment_is_made_of_an_id_alone",
    "dash_key_in_json": "test_v1_writes.test_an_assignment_is_made_of_an_id_alone",
    "list_sample_is_single": "test_v1_wire.test_a_list_in_json_may_be_one_object",
    # xml
    "mixed_tags_people": "test_v1_wire.test_names_are_written_with_dashes_and_closed",
    "bare_ampersand": "test_v1_wire.test_ampersands_are_escaped",
    "datetime_case": "test_v1_wire.test_types_of_elements_are_not_looked_at",
    "nil_class": "test_v1_wire.test_types_of_elements_are_not_looked_at",
    "nil_with_text": "test_v1_invoices.test_a_null_with_a_text_is_null",
    "missing_type_array": "test_v1_wire.test_a_list_in_xml_needs_no_type",
    "padded_values": "test_v1_wire.test_padded_values_are_trimmed_and_texts_are_not test_v1_words.test_symbols_are_not_trimmed",
    "duplicate_elements": "test_v1_invoices.test_an_element_that_comes_twice_counts_once",
    "missing_ids_in_samples": "test_v1_expenses.test_a_sample_without_an_id_is_read",
    "untrusted_xml": "test_v1_wire.test_xml_brings_no_entities_of_its_own",
    # invoices
    "tax2_amount_spelling": "test_v1_invoices.test_the_second_tax_is_spelled_in_two_ways",
    "csv_inside_field": "test_v1_invoices.test_reading_lines_is_the_inverse_of_writing_them",
    "csv_header_intact": "test_v1_invoices.test_a_header_that_was_changed_is_refused "
    "test_v1_invoices.test_lines_that_were_dropped_are_reported",
    "csv_decimal_comma": "test_v1_invoices.test_decimals_may_have_commas",
    "csv_only_when_asked": "test_v1_invoices.test_lines_are_sent_only_if_they_change",
    "list_without_lines": "test_v1_invoices.test_lists_know_no_lines",
    "unpaid_pastdue": "test_v1_invoices.test_states_and_filters_are_not_the_same_words "
    "test_v1_invoices.test_a_state_that_is_not_known_stays_what_it_is",
    "status_vs_state": "test_v1_invoices.test_filters_are_sent_by_the_contracts_names",
    "draft_with_payment": "test_v1_invoices.test_a_payment_says_nothing_of_the_invoice",
    "payment_delete_text": "test_v1_sandbox.test_a_payment_that_is_removed_opens_the_invoice_again",
    "state_ignored": "test_v1_invoices.test_a_state_is_not_written",
    "from_to_meaning": "test_v1_sandbox.test_days_of_invoices_are_those_of_issue",
    "number_string": "test_v1_invoices.test_a_number_is_a_text",
    "due_at_words": "test_v1_invoices.test_the_words_for_a_due_date_are_read",
    "free_form_spelling": "test_v1_invoices.test_free_form_is_spelled_in_one_way",
    "currency_names": "test_v1_words.test_a_currency_is_known_by_its_code",
    "invoice_module_off": "test_v1_checks.test_a_module_that_is_off_is_named",
    # lists and filters
    "client_filter_name": "test_v1_writes.test_a_record_stands_for_its_id_in_bodies_and_queries "
    "test_v1_invoices.test_filters_are_sent_by_the_contracts_names",
    "second_question_mark": "test_v1_checks.test_filters_say_yes_or_no",
    "user_expenses_wrong_path": "test_v1_checks.test_filters_say_yes_or_no",
    "entries_without_range": "test_v1_checks.test_reports_have_two_days_in_order",
    "yes_only": "test_v1_checks.test_filters_say_yes_or_no",
    "report_role": "test_v1_checks.test_a_call_for_administrators_says_so_when_it_is_refused",
    "archived_included": "test_v1_wire.test_a_list_comes_whole",
    "inactive_spelled_three_ways": "test_v1_words.test_whether_a_record_is_in_use_has_one_name",
    "updated_since_encoding": "test_v1_checks.test_every_list_that_knows_it_takes_updated_since "
    "test_v1_checks.test_updated_since_is_in_utc_and_rounded_down test_v1_checks.test_updated_since_is_aware",
    "no_paging_elsewhere": "test_v1_wire.test_a_list_comes_whole",
    # writes
    "body_or_no_body": "test_v1_writes.test_a_body_that_says_nothing_is_not_read test_v1_writes.test_a_body_that_is_there_saves_the_read",
    "location_id": "test_v1_writes.test_a_create_without_a_body_follows_location",
    "content_length_zero": "test_v1_writes.test_a_write_without_a_body_says_so",
    "toggle_verbs": "test_v1_writes.test_a_toggle_is_made_only_if_it_is_needed",
    "toggles_flip": "test_v1_writes.test_a_toggle_is_made_only_if_it_is_needed test_v1_writes.test_a_toggle_is_never_repeated",
    "delete_means_archive": "test_v1_writes.test_a_task_does_not_say_whether_it_is_deleted_or_archived "
    "test_v1_writes.test_a_hint_reports_an_archiving",
    "task_delete_status": "test_v1_writes.test_older_accounts_refuse_to_delete_a_task_with_hours",
    "read_only_back": "test_v1_writes.test_no_read_only_field_is_ever_sent "
    "test_v1_expenses.test_fields_of_the_receipt_are_not_sent_back",
    "project_update_client_id": "test_v1_writes.test_a_project_always_sends_its_client",
    "one_task_per_project": "test_v1_writes.test_a_hint_reports_an_archiving",
    "password_ignored": "test_v1_writes.test_what_can_not_be_changed_is_not_sent",
    "create_user_mails": "test_v1_writes.test_a_person_is_never_made_twice",
    "person_by_email": "test_v1_writes.test_a_record_stands_for_its_id "
    "test_v1_writes.test_a_person_who_gets_another_address_is_read_by_it",
    "invoice_id_zero": "test_v1_expenses.test_an_invoice_without_a_number_is_none",
    "units_type": "test_v1_expenses.test_units_and_costs_are_decimals",
    "expense_spent_at_old": "test_v1_writes.test_expenses_have_dashes_and_iso_days",
    "receipt_boundary": "test_v1_expenses.test_an_upload_is_a_form_with_one_part",
    "receipt_get_binary": "test_v1_expenses.test_an_image_comes_whatever_accept_says "
    "test_v1_expenses.test_what_is_no_image_or_too_large_is_not_given",
    "locked_fields": "test_v1_time.test_an_update_of_locked_time_names_the_ignored_fields "
    "test_v1_expenses.test_a_locked_expense_tells_what_was_not_taken",
    # sign-in, errors, throttle
    "throttle_resets": "test_throttle_refusals.test_nothing_is_sent_before_the_block_is_over",
    "throttle_status_503": "test_throttle_hint.test_a_refusal_is_distinguished_from_an_outage "
    "test_throttle_refusals.test_429_is_always_a_refusal",
    "role_as_404": "test_v1_checks.test_too_low_a_role_shows_as_nothing_there",
    "token_in_query": "test_secrets.test_no_error_shows_a_credential "
    "test_v1_expenses.test_a_file_store_is_asked_without_credentials",
    "token_request_drawn_as_json": "test_auth_oauth2.test_forms_are_encoded_as_forms",
    "authorize_host_text": "test_auth_oauth2.test_people_are_sent_to_the_account_or_to_any",
    "refresh_rotates": "test_auth_renewal.test_a_thousand_calls_share_one_renewal "
    "test_auth_renewal.test_tokens_that_can_not_be_stored_are_not_used",
    "expires_in": "test_auth_renewal.test_a_token_is_renewed_a_minute_early",
    "who_am_i_path": "test_v1_wire.test_the_status_and_the_sign_in_have_their_paths",
    "estimates_missing": "test_v1_wire.test_estimates_are_not_offered",
}


def test_every_quirk_is_named():
    """None is forgotten, none is made up."""
    assert set(quirks()) == set(TESTS)


@pytest.mark.parametrize("quirk", TESTS)
def test_what_shows_a_quirk_is_there(quirk):
    """A test that was renamed or removed has to be named here anew."""
    for name in TESTS[quirk].split():
        module, _, test = name.partition(".")

        assert callable(getattr(importlib.import_module(f"tests.{module}"), test))
