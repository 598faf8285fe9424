/// A message that is somebody's telephone number.
package struct ContactMessage: BotRequest {
    private let chat: Int64
    private let options: MessageOptions
    private let phoneNumber: String
    private let firstName: String
    /// What follows the first name.
    package var lastName: String?
    /// More about the person, as a vCard.
    package var vcard: String?

    private static let nameBytesMax = 1024
    private static let vcardBytesMax = 2048

    /// The method that it calls.
    package let method = BotMethod(known: "sendContact")

    /// A person to a chat.
    package init(
        to chat: Int64, phoneNumber: String, firstName: String, _ options: MessageOptions = MessageOptions()
    ) {
        self.chat = chat
        self.phoneNumber = phoneNumber
        self.firstName = firstName
        self.options = options
    }

    /// What it is called with.
    package var parameters: BotParameters {
        var parameters = BotParameters(chat: chat)
        parameters.add("phone_number", phoneNumber)
        parameters.add("first_name", firstName)
        parameters.add("last_name", lastName)
        parameters.add("vcard", vcard)
        options.add(to: &parameters)
        return parameters
    }

    /// Throws where the number or the name is missing, or something has no end.
    package func check() throws(BotRequestError) {
        for (field, text) in [("phoneNumber", phoneNumber), ("firstName", firstName), ("lastName", lastName)]
        {
            guard let text else { continue }
            guard field == "lastName" || !text.allSatisfy(\.isWhitespace) else {
                throw BotRequestError(field, "must not be empty")
            }
            guard text.utf8.count <= Self.nameBytesMax else { throw BotRequestError(field, "is too long") }
        }
        guard vcard?.utf8.count ?? 0 <= Self.vcardBytesMax else {
            throw BotRequestError("vcard", "must have at most 2,048 bytes")
        }
    }
}
