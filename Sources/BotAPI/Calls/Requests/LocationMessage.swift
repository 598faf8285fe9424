/// A message that is a place, for good or for as long as somebody is on the way.
package struct LocationMessage: BotRequest {
    private let chat: Int64
    private let options: MessageOptions
    private let latitude: Double
    private let longitude: Double
    /// How far it may be off, in metres.
    package var horizontalAccuracy: Double?
    /// For how many seconds the place can be changed.
    package var livePeriod: Int64?

    /// Stands for no end.
    private static let liveForever: Int64 = 0x7fff_ffff

    /// The method that it calls.
    package let method = BotMethod(known: "sendLocation")

    /// A place to a chat.
    package init(
        to chat: Int64, latitude: Double, longitude: Double, _ options: MessageOptions = MessageOptions()
    ) {
        self.chat = chat
        self.latitude = latitude
        self.longitude = longitude
        self.options = options
    }

    /// What it is called with.
    package var parameters: BotParameters {
        var parameters = BotParameters(chat: chat)
        parameters.add("latitude", latitude)
        parameters.add("longitude", longitude)
        parameters.add("horizontal_accuracy", horizontalAccuracy)
        parameters.add("live_period", livePeriod)
        options.add(to: &parameters)
        return parameters
    }

    /// Throws where there is no such place on earth.
    package func check() throws(BotRequestError) {
        guard (-90...90).contains(latitude) else {
            throw BotRequestError("latitude", "must be from -90 to 90")
        }
        guard (-180...180).contains(longitude) else {
            throw BotRequestError("longitude", "must be from -180 to 180")
        }
        if let horizontalAccuracy, !(0...1500).contains(horizontalAccuracy) {
            throw BotRequestError("horizontalAccuracy", "must be from 0 to 1,500 metres")
        }
        if let livePeriod, livePeriod != Self.liveForever, !(60...86_400).contains(livePeriod) {
            throw BotRequestError("livePeriod", "must be from 60 to 86,400 seconds")
        }
    }
}
