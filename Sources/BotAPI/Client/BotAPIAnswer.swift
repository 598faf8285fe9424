package import Base

/// A good answer of the Bot API.
package struct BotAPIAnswer: Sendable, Equatable {
    /// The status of the HTTP answer.
    package let status: Int
    /// Telegram's JSON as it came.
    package let whole: Bytes
    /// The value of `result`, as raw JSON.
    package let result: Bytes
    /// What Telegram says beside the result, such as `Webhook was set`.
    package let description: String?
}
