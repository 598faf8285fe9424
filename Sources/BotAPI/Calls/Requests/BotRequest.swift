/// A call that is understood here: it knows its method, how it is written, and what Telegram would refuse in any case.
package protocol BotRequest: Sendable {
    /// The method that it calls.
    var method: BotMethod { get }
    /// What it is called with, but for files.
    var parameters: BotParameters { get }
    /// The files that go with it, by the names of their parts.
    var uploads: [(name: String, file: InputFile.Upload)] { get }
    /// Throws what is wrong with it; what only Telegram can know is left to Telegram.
    func check() throws(BotRequestError)
}

extension BotRequest {
    /// Most calls carry no file.
    package var uploads: [(name: String, file: InputFile.Upload)] { [] }
}

/// A field of a call that Telegram would refuse.
package struct BotRequestError: Error, Sendable, Equatable {
    /// The field, such as `media[2].caption`.
    package let field: String
    /// What is wrong with it: the rest of a sentence that begins with the field.
    package let reason: String

    init(_ field: String, _ reason: String) {
        self.field = field
        self.reason = reason
    }
}
