import Base
import BotAPI
import Wire

/// The contents that a new message may have.
extension SendBody {
    /// Everything that is given, each by the field that it stands in.
    mutating func requests() throws(SendError) -> [(field: String, request: any BotRequest)] {
        var found: [(field: String, request: any BotRequest)] = []
        if let text = try text() { found.append(("text", text)) }
        found += try files()
        if let group = try mediaGroup() { found.append(("mediaGroup", group)) }
        if let location = try location() { found.append(("location", location)) }
        if let contact = try contact() { found.append(("contact", contact)) }
        if let poll = try poll() { found.append(("poll", poll)) }
        if let forward = try relay("forward", .forward) { found.append(("forward", forward)) }
        if let copy = try relay("copy", .copy) { found.append(("copy", copy)) }
        return found
    }

    private func text() throws(SendError) -> TextMessage? {
        let preview = try fields.object("linkPreviewOptions")?.raw
        let (mode, entities) = (try fields.text("parseMode"), try fields.list("entities")?.raw)
        guard let text = try fields.text("text") else { return nil }
        let message = TextMessage(
            to: chat, FormattedText(text, parseMode: mode, entities: entities), linkPreviewOptions: preview,
            options)
        try fields.check(message)
        return message
    }

    // MARK: Files

    private mutating func files() throws(SendError) -> [(field: String, request: any BotRequest)] {
        let caption = try fields.caption()
        var found: [(field: String, request: any BotRequest)] = []
        let kind = try fields.kind() ?? .document
        for (name, kind) in Self.media + [("file", kind)] {
            guard let file = try file(name) else { continue }
            let message = MediaMessage(to: chat, kind, file, caption: caption, options)
            try fields.check(message) { $0 == "file" ? name : $0 }
            found.append((name, message))
        }
        return found
    }

    /// The file of a field: in a part of that name, or named by the field's text.
    private mutating func file(_ name: String) throws(SendError) -> InputFile? {
        guard let part = fields.part(name), let upload = fields.uploads[part] else {
            return try file(name, of: fields)
        }
        guard fields[name] == nil else { throw fields.invalid(name, "is given twice") }
        namedParts.insert(part)
        return .upload(upload)
    }

    private mutating func file(_ name: String, of owner: SendFields) throws(SendError) -> InputFile? {
        guard let reference = try owner.text(name) else { return nil }
        guard reference.hasPrefix("attach://") else { return .reference(reference) }
        let part = String(reference.dropFirst(9))
        guard let upload = fields.uploads[part] else {
            throw owner.invalid(name, "names no part of a form")
        }
        namedParts.insert(part)
        return .upload(upload)
    }

    private mutating func mediaGroup() throws(SendError) -> MediaGroup? {
        guard let items = try fields.items("mediaGroup", max: 10) else { return nil }
        var media: [MediaGroup.Item] = []
        for item in items {
            guard let kind = try item.kind() else { throw item.invalid("type", "is missing") }
            guard let file = try file("media", of: item) else { throw item.invalid("media", "is missing") }
            media.append(MediaGroup.Item(kind, file, caption: try item.caption()))
        }
        let group = MediaGroup(to: chat, media, options)
        try fields.check(group) { "mediaGroup" + $0.dropFirst("media".count) }
        return group
    }

    // MARK: Others

    private func location() throws(SendError) -> LocationMessage? {
        guard let place = try fields.fields("location") else { return nil }
        guard let latitude = try place.decimal("latitude") else {
            throw place.invalid("latitude", "is missing")
        }
        guard let longitude = try place.decimal("longitude") else {
            throw place.invalid("longitude", "is missing")
        }
        var message = LocationMessage(to: chat, latitude: latitude, longitude: longitude, options)
        message.horizontalAccuracy = try place.decimal("horizontalAccuracy")
        message.livePeriod = try place.number("livePeriod")
        try place.check(message)
        return message
    }

    private func contact() throws(SendError) -> ContactMessage? {
        guard let person = try fields.fields("contact") else { return nil }
        guard let number = try person.text("phoneNumber") else {
            throw person.invalid("phoneNumber", "is missing")
        }
        guard let name = try person.text("firstName") else { throw person.invalid("firstName", "is missing") }
        var message = ContactMessage(to: chat, phoneNumber: number, firstName: name, options)
        message.lastName = try person.text("lastName")
        message.vcard = try person.text("vcard")
        try person.check(message)
        return message
    }

    private func poll() throws(SendError) -> PollMessage? {
        guard let poll = try fields.fields("poll") else { return nil }
        guard let question = try poll.text("question") else { throw poll.invalid("question", "is missing") }
        guard let list = try poll.list("options") else { throw poll.invalid("options", "is missing") }
        guard list.count <= 100 else { throw poll.invalid("options", "must have 2 to 12 answers") }
        var answers: [String] = []
        for option in list.elements {
            guard let answer = option.string ?? option["text"]?.string else {
                throw poll.invalid("options[\(answers.count)]", "must be a text")
            }
            answers.append(answer)
        }
        var message = PollMessage(to: chat, question, answers: answers, options)
        message.isAnonymous = try poll.flag("isAnonymous")
        message.allowsMultipleAnswers = try poll.flag("allowsMultipleAnswers")
        message.correctOption = try poll.number("correctOptionId")
        message.explanation = try poll.text("explanation")
        message.openPeriod = try poll.number("openPeriod")
        try poll.check(message)
        return message
    }

    private func relay(_ name: String, _ kind: MessageRelay.Kind) throws(SendError) -> MessageRelay? {
        guard let relay = try fields.fields(name) else { return nil }
        guard let source = try relay.number("fromChatId") else {
            throw relay.invalid("fromChatId", "is missing")
        }
        guard let messages = try relay.numbers("messageIds", max: 100) else {
            throw relay.invalid("messageIds", "is missing")
        }
        let message = MessageRelay(
            kind, messages, from: source, to: chat, caption: try relay.caption(), options)
        try relay.check(message)
        return message
    }
}

extension SendFields {
    /// What stands below a file.
    func caption() throws(SendError) -> FormattedText? {
        let (mode, entities) = (try text("parseMode"), try list("captionEntities")?.raw)
        return try text("caption").map { FormattedText($0, parseMode: mode, entities: entities) }
    }

    /// How a file is shown, where that is said.
    fileprivate func kind() throws(SendError) -> MediaMessage.Kind? {
        guard let name = try text("type") else { return nil }
        guard let known = SendBody.media.first(where: { $0.field == name || $0.kind.rawValue == name }) else {
            throw invalid("type", "must be one of \(SendBody.media.map(\.field).joined(separator: ", "))")
        }
        return known.kind
    }
}

extension MessageOptions {
    /// What is asked for beside the content.
    init(_ fields: SendFields) throws(SendError) {
        self.init()
        replyParameters = try fields.object("replyParameters")?.raw
        if let message = try fields.number("replyToMessageId") {
            guard replyParameters == nil else {
                throw fields.invalid("replyToMessageId", "is in replyParameters already")
            }
            replyParameters = Bytes(#"{"message_id":\#(message)}"#)
        }
        replyMarkup = try fields.object("replyMarkup")?.raw
        disableNotification = try fields.flag("disableNotification")
        protectContent = try fields.flag("protectContent")
        messageThreadID = try fields.number("messageThreadId")
        messageEffectID = try fields.text("messageEffectId")
    }
}
