import Base
import Kernel
package import Wire

extension Event {
    /// The event as consumers get it; the payload as Telegram sent it.
    package func write(to writer: inout JSONWriter, subscription: String? = nil) {
        writer.object {
            $0.field("type", content.kind)
            if let subscription { $0.field("subscription", subscription) }
            $0.field("cursor", "\(position.number)")
            $0.field("source", content.source.text)
            if let chat = content.chat {
                $0.field("chatId", "\(chat)")
                $0.field("sequence", "\(sequence)")
            }
            if let sender = content.sender { $0.field("senderId", "\(sender)") }
            if let message = content.message { $0.field("messageId", "\(message)") }
            $0.field("recordedAt", recordedAt.rfc3339)
            if let time = content.occurredAt { $0.field("occurredAt", time.rfc3339) }
            $0.key("payload")
            if let payload = content.payload, Self.isJSON(payload) { $0.raw(payload) } else { $0.null() }
        }
    }

    /// A payload that is no JSON would make the whole no JSON.
    private static func isJSON(_ payload: Bytes) -> Bool {
        do {
            _ = try JSON.parse(payload)
            return true
        } catch {
            return false
        }
    }
}
