#include "eval/plot.h"

#include <algorithm>
#include <vector>

#include "base/strings.h"

namespace dnd::eval {
namespace {

// Pixels.
constexpr double kLabels = 310.0;  // width of the column of method names
constexpr double kPanel = 240.0;
constexpr double kGap = 30.0;
constexpr double kTop = 64.0;
constexpr double kLine = 22.0;
constexpr double kBottom = 44.0;
constexpr const char* kStrong = "#b03a2e";
constexpr const char* kPlain = "#34495e";

std::string pixels(double value) { return fixed_digits(value, 1); }

std::string label(double x, double y, const std::string& anchor, const std::string& text,
                  const std::string& style = "") {
  return cat("<text x=\"", pixels(x), "\" y=\"", pixels(y), "\" text-anchor=\"", anchor, "\"",
             style, ">", xml_text(text), "</text>\n");
}

std::string line(double x1, double y1, double x2, double y2, const std::string& colour,
                 double width) {
  return cat("<line x1=\"", pixels(x1), "\" y1=\"", pixels(y1), "\" x2=\"", pixels(x2), "\" y2=\"",
             pixels(y2), "\" stroke=\"", colour, "\" stroke-width=\"", pixels(width), "\"/>\n");
}

double x_of(double left, double share) { return left + kPanel * std::clamp(share, 0.0, 1.0); }

double y_of(std::size_t row) { return kTop + kLine * (static_cast<double>(row) + 0.5); }

std::string grid(double left, std::size_t rows) {
  const double bottom = kTop + kLine * static_cast<double>(rows);
  std::string svg;
  for (const int percent : {0, 25, 50, 75, 100}) {
    const double x = x_of(left, 0.01 * percent);
    svg += line(x, kTop, x, bottom, "#d5d8dc", 1.0);
    svg += label(x, bottom + 16.0, "middle", cat(percent), " fill=\"#7f8c8d\"");
  }
  return svg;
}

std::string mark(double left, double y, const Interval& interval, bool strong) {
  const std::string colour = strong ? kStrong : kPlain;
  std::string svg;
  if (interval.half_width) {
    svg += line(x_of(left, interval.low()), y, x_of(left, interval.high()), y, colour, 2.0);
  }
  return svg + cat("<circle cx=\"", pixels(x_of(left, interval.mean)), "\" cy=\"", pixels(y),
                   "\" r=\"4\" fill=\"", colour, "\"/>\n");
}

std::string panel(const Outcome& outcome, const Group& group, double left) {
  std::string svg = label(left + 0.5 * kPanel, kTop - 10.0, "middle",
                          cat(group.name, " (", group.tasks.size(), ")"));
  svg += grid(left, outcome.behaviour.size());
  for (std::size_t i = 0; i < outcome.behaviour.size(); ++i) {
    const Interval accuracy = summarise(outcome.behaviour, i, group).accuracy;
    if (accuracy.count > 0) {
      svg += mark(left, y_of(i), accuracy, outcome.behaviour[i].id == "generated");
    }
  }
  return svg;
}

}  // namespace

std::string xml_text(const std::string& text) {
  std::string escaped;
  for (const std::string_view piece : split(text, '\n')) {
    if (!escaped.empty()) escaped += ' ';
    for (const char c : printable(piece)) {
      switch (c) {
        case '&':
          escaped += "&amp;";
          break;
        case '<':
          escaped += "&lt;";
          break;
        case '>':
          escaped += "&gt;";
          break;
        case '"':
          escaped += "&quot;";
          break;
        case '\'':
          escaped += "&#39;";
          break;
        default:
          escaped += c;
      }
    }
  }
  return escaped;
}

std::string behaviour_svg(const Outcome& outcome) {
  if (outcome.behaviour.empty()) return "";
  const std::vector<Group> groups = groups_of(outcome.tasks);
  const double width = kLabels + (kPanel + kGap) * static_cast<double>(groups.size());
  const double height = kTop + kLine * static_cast<double>(outcome.behaviour.size()) + kBottom;
  std::string svg =
      cat("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", pixels(width), "\" height=\"",
          pixels(height), "\" font-family=\"sans-serif\" ",
          "font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
  svg += label(10.0, 22.0, "start", "Exact match, %: " + outcome.model,
               " font-size=\"15\" font-weight=\"bold\"");
  for (std::size_t i = 0; i < outcome.behaviour.size(); ++i) {
    const BehaviourRow& row = outcome.behaviour[i];
    const bool strong = row.id == "generated";
    svg += label(kLabels - 14.0, y_of(i) + 4.0, "end", row.label,
                 strong ? cat(" fill=\"", kStrong, "\" font-weight=\"bold\"") : "");
  }
  double left = kLabels;
  for (const Group& group : groups) {
    svg += panel(outcome, group, left);
    left += kPanel + kGap;
  }
  svg += label(10.0, height - 10.0, "start",
               "Dot: mean over held-out tasks. Bar: 95 % interval over tasks (Student's t).",
               " fill=\"#7f8c8d\"");
  return svg + "</svg>\n";
}

}  // namespace dnd::eval
