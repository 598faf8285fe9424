/// The kinds of updates that Telegram has, and the kinds of events that they become.
///
/// An event has the name of its update, but for messages by which Telegram tells what happened to a chat: those have names of
/// their own, so that nobody has to look into a payload to know that somebody joined.
package enum UpdateKind {
    /// What Telegram calls its updates, in the order of its documentation.
    package static let telegram = [
        "message", "edited_message", "channel_post", "edited_channel_post", "business_connection",
        "business_message", "edited_business_message", "deleted_business_messages", "guest_message",
        "message_reaction", "message_reaction_count", "inline_query", "chosen_inline_result",
        "callback_query", "shipping_query", "pre_checkout_query", "purchased_paid_media", "poll",
        "poll_answer", "my_chat_member", "chat_member", "chat_join_request", "chat_boost",
        "removed_chat_boost", "managed_bot",
    ]

    /// What Telegram does not send unless it is asked for.
    package static let onRequest: Set = ["chat_member", "message_reaction", "message_reaction_count"]

    /// The kind of an update that this program does not know.
    package static let unknown = "unknown"

    /// Messages that tell of something, by the field that tells it.
    package static let service = [
        "new_chat_members": "member_joined", "left_chat_member": "member_left",
        "migrate_to_chat_id": "chat_migrated", "successful_payment": "successful_payment",
    ]

    /// The events that a kind of update may have become.
    package static func events(of update: String) -> Set<String> {
        update == "message" ? Set(service.values).union(["message"]) : [update]
    }

    /// Events that hold a message, new or edited.
    package static let messages: Set = Set(service.values).union([
        "message", "edited_message", "channel_post", "edited_channel_post", "business_message",
        "edited_business_message", "guest_message",
    ])

    static let known = Set(telegram)
}
