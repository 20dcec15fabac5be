-- Every word that is shown comes as an argument: none of it is ever part of a script.
-- Arguments: question, list or warning; title; text; seconds until it gives up; labels.
on run argv
	set theStep to item 1 of argv
	set theTitle to item 2 of argv
	set theText to item 3 of argv
	set theLimit to (item 4 of argv) as integer
	set theLabels to items 5 thru -1 of argv
	try
		tell me to activate
	end try
	if theStep is "list" then
		set thePick to choose from list theLabels with title theTitle with prompt theText default items {item 2 of theLabels}
		if thePick is false then return ""
		return item 1 of thePick
	end if
	if theStep is "warning" then
		set theReply to display dialog theText with title theTitle buttons theLabels default button 1 cancel button 1 with icon caution giving up after theLimit
	else
		beep 1
		set theReply to display dialog theText with title theTitle buttons theLabels default button 3 with icon note giving up after theLimit
	end if
	if gave up of theReply then return ""
	return button returned of theReply
end run
