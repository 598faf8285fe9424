import Base
import Wire

/// Methods that send something.
extension State {
    mutating func sendMessage(_ call: BotCall) throws -> BotAnswer {
        let peer = try peer(call)
        return try send(call, .text(try text(call.arguments, "text")), to: peer)
    }

    mutating func sendMedia(_ call: BotCall, _ kind: Media.Kind) throws -> BotAnswer {
        let peer = try peer(call)
        let caption = try text(call.arguments, "caption", "caption_entities", max: 1024)
        // A refused send stores no file.
        let draft = try draft(call, .text(caption), in: peer)
        try admit(call, to: peer)
        var media = try media(call, kind, call.arguments.string(kind.rawValue), field: kind.rawValue)
        media.apply(call.arguments)
        var sent = draft
        sent.content = .media(media, caption: caption)
        let message = try post(sent, call, to: peer)
        return show(message, call)
    }

    mutating func sendMediaGroup(_ call: BotCall) throws -> BotAnswer {
        let peer = try peer(call)
        guard let items = call.arguments.json("media")?.array else {
            throw BotError.bad("can't parse media JSON object")
        }
        guard !items.isEmpty else { throw BotError.bad("there are no messages to send") }
        guard items.count <= 10 else { throw BotError.bad("too many messages to send as an album") }
        let frame = try draft(call, .text(StyledText()), in: peer)
        try admit(call, to: peer, count: items.count)
        var contents: [Content] = []
        for item in items { contents.append(try inputMedia(item, call)) }
        let group = String(world.queryID())
        var messages: [Message] = []
        for content in contents {
            var draft = frame
            draft.content = content
            draft.mediaGroup = items.count > 1 ? group : nil
            messages.append(try post(draft, call, to: peer))
        }
        return BotAnswer { writer in
            writer.array { for message in messages { world.write(message, for: call.bot, to: &$0) } }
        }
    }

    /// What an `InputMedia` object describes.
    mutating func inputMedia(_ item: JSONValue, _ call: BotCall) throws -> Content {
        guard let type = item["type"]?.string, let kind = Media.Kind(rawValue: type),
            [.photo, .video, .document, .audio, .animation].contains(kind)
        else { throw BotError.bad("can't parse InputMedia: media type is invalid") }
        guard let reference = item["media"]?.string else {
            throw BotError.bad("can't parse InputMedia: can't find field \"media\"")
        }
        let caption = try text(
            item["caption"]?.string ?? "", mode: item["parse_mode"]?.string,
            entities: item["caption_entities"], max: 1024, isCaption: true)
        var media = try media(call, kind, reference, field: "media")
        media.apply(Arguments(item.object ?? JSONFields()))
        return .media(media, caption: caption)
    }

    /// The file that a call names: one that is uploaded, one that is known, or an address.
    mutating func media(
        _ call: BotCall, _ kind: Media.Kind, _ reference: String?, field: String
    ) throws -> Media {
        let folder = Self.folder(of: kind)
        var part: MultipartPart?
        if let reference, reference.hasPrefix("attach://") {
            part = call.arguments.file(String(reference.dropFirst(9)))
            guard part != nil else { throw BotError.bad("attached file not found") }
        } else if reference == nil {
            part = call.arguments.file(field)
        }
        if let part {
            guard !part.bytes.isEmpty else { throw BotError.bad("file must be non-empty") }
            guard kind != .photo || part.bytes.count <= 10 << 20 else {
                throw BotError.bad("file is too big for a photo")
            }
            let number = try world.files.add(
                part.bytes, name: part.head.filename, type: Self.type(of: part, kind), folder: folder)
            return media(kind, number)
        }
        guard let reference, !reference.isEmpty else {
            throw BotError.bad("there is no \(kind.rawValue.replacing("_", with: " ")) in the request")
        }
        if let id = FileID.read(reference, for: call.bot) {
            guard world.files[id.number] != nil else { throw WorldError.fileNotFound }
            guard id.kind == kind || kind == .document else {
                throw BotError.bad("can't use file of type \(id.kind.rawValue) as \(kind.rawValue)")
            }
            return media(kind, id.number)
        }
        guard reference.hasPrefix("http://") || reference.hasPrefix("https://") else {
            throw BotError.bad("wrong remote file identifier specified: can't unserialize it")
        }
        return media(kind, try world.files.add(url: reference, folder: folder))
    }

    private func media(_ kind: Media.Kind, _ number: Int) -> Media {
        var media = Media(kind: kind, file: number)
        let size = world.files[number]?.size ?? (640, 480)
        if [.photo, .video, .animation].contains(kind) { (media.width, media.height) = size }
        return media
    }

    private static func type(of part: MultipartPart, _ kind: Media.Kind) -> String? {
        guard let type = part.head.contentType, type != "application/octet-stream" else {
            return kind == .document ? "application/octet-stream" : nil
        }
        return type
    }

    static func folder(of kind: Media.Kind) -> String {
        switch kind {
        case .photo: "photos"
        case .document: "documents"
        case .audio: "music"
        case .video: "videos"
        case .voice: "voice"
        case .animation: "animations"
        case .sticker: "stickers"
        case .videoNote: "video_notes"
        }
    }

    mutating func sendPoll(_ call: BotCall) throws -> BotAnswer {
        let peer = try peer(call)
        let arguments = call.arguments
        guard let question = arguments.string("question"), (1...300).contains(question.utf16.count) else {
            throw BotError.bad("poll question must be non-empty")
        }
        let options = (arguments.json("options")?.array ?? []).compactMap { $0.string ?? $0["text"]?.string }
        guard (2...12).contains(options.count) else {
            throw BotError.bad(
                options.count < 2
                    ? "poll must have at least 2 option" : "poll can't have more than 12 options")
        }
        let draft = try draft(call, .poll(0), in: peer)
        try admit(call, to: peer)
        let isQuiz = arguments.string("type") == "quiz"
        let poll = world.addPoll(question, options, owner: call.bot) { poll in
            poll.isAnonymous = arguments.has("is_anonymous") ? arguments.bool("is_anonymous") : true
            poll.allowsMultiple = arguments.bool("allows_multiple_answers")
            let correct = arguments.json("correct_option_ids")?.array?.first?.int64.map { Int(clamping: $0) }
            poll.correct = isQuiz ? correct ?? arguments.int("correct_option_id") ?? 0 : nil
            poll.isClosed = arguments.bool("is_closed")
        }
        var sent = draft
        sent.content = .poll(poll.id)
        let message = try post(sent, call, to: peer)
        return show(message, call)
    }

    mutating func sendLocation(_ call: BotCall) throws -> BotAnswer {
        let peer = try peer(call)
        let (latitude, longitude) = try place(call)
        return try send(call, .location(latitude: latitude, longitude: longitude), to: peer)
    }

    mutating func sendVenue(_ call: BotCall) throws -> BotAnswer {
        let peer = try peer(call)
        let (latitude, longitude) = try place(call)
        let content = Content.venue(
            latitude: latitude, longitude: longitude, title: call.arguments.string("title") ?? "",
            address: call.arguments.string("address") ?? "")
        return try send(call, content, to: peer)
    }

    private func place(_ call: BotCall) throws -> (Double, Double) {
        guard let latitude = call.arguments.double("latitude"),
            let longitude = call.arguments.double("longitude"), abs(latitude) <= 90, abs(longitude) <= 180
        else { throw BotError.bad("latitude is invalid") }
        return (latitude, longitude)
    }

    mutating func sendContact(_ call: BotCall) throws -> BotAnswer {
        let peer = try peer(call)
        guard let phone = call.arguments.string("phone_number"),
            let name = call.arguments.string("first_name")
        else { throw BotError.bad("phone number must be non-empty") }
        let content = Content.contact(
            phone: phone, firstName: name, lastName: call.arguments.string("last_name"), user: nil)
        return try send(call, content, to: peer)
    }

    mutating func sendDice(_ call: BotCall) throws -> BotAnswer {
        let peer = try peer(call)
        let emoji = call.arguments.string("emoji") ?? "🎲"
        let sides = ["🎲": 6, "🎯": 6, "🎳": 6, "🏀": 5, "⚽": 5, "🎰": 64]
        guard let sides = sides[emoji] else { throw BotError.bad("wrong dice emoji specified") }
        let value = Int.random(in: 1...sides, using: &world.random)
        return try send(call, .dice(emoji: emoji, value: value), to: peer)
    }
}

extension Media {
    /// Takes in what a call says of the file.
    mutating func apply(_ arguments: Arguments) {
        let known = 0...1_000_000
        if let width = arguments.int("width"), known.contains(width) { self.width = width }
        if let length = arguments.int("length"), known.contains(length) { width = length }
        if let height = arguments.int("height"), known.contains(height) { self.height = height }
        if let duration = arguments.int("duration"), known.contains(duration) { self.duration = duration }
        title = arguments.string("title")
        performer = arguments.string("performer")
        hasSpoiler = arguments.bool("has_spoiler")
    }
}
